/** The flags of `merge`, as the user types them; merge.ts acts on them. */
import { type Command, Option } from 'commander';
import { addOptions, fileName } from './options.js';

export interface MergeFlags {
  readonly output: string;
  readonly overwrite: boolean;
  readonly strict: boolean;
  readonly quiet: boolean;
}

const options = () => [
  new Option('-o, --output <file>', 'where to write; - is standard output').argParser(fileName).makeOptionMandatory(),
  new Option('--overwrite', 'throw away what an unfinished merge to the same file left').default(false),
  new Option('--strict', 'refuse shards of different machines or versions').default(false),
  new Option('-q, --quiet', 'say nothing but errors').default(false),
  new Option('--debug', 'show where an error came from'),
];

export function addMergeCommand(program: Command): void {
  const command = program
    .command('merge')
    .description('join the outputs of all shards into that of one run')
    .argument('<output-file...>', 'outputs of score --shard, in any order, each with its .run.json');
  addOptions(command, options()).action(async (paths: string[], flags: MergeFlags) => {
    const { merge } = await import('../commands/merge.js');
    await merge(paths, flags);
  });
}
