/** The commands of `model`, as the user types them; model.ts and model-check.ts act on them. */
import { type Command, Option } from 'commander';
import type { Precision } from '../../model/precision.js';
import {
  addOptions,
  type CommonFlags,
  commonOptions,
  fileName,
  modelName,
  precisionOption,
  type RunFlags,
  runOptions,
  type ScoringFlags,
  scoringOptions,
  tokenizerOption,
  wholeNumber,
} from './options.js';

export interface JsonFlag {
  readonly json: boolean;
}

export interface PrepareFlags extends CommonFlags {
  readonly precision: Precision;
  readonly tokenizer?: string;
  readonly strict: boolean;
}

export interface PruneFlags {
  readonly days: number;
  readonly all: boolean;
}

export interface CheckFlags extends ScoringFlags, RunFlags, JsonFlag {
  readonly against: string;
  readonly tolerance: number;
}

const json = (): Option => new Option('--json', 'print JSON').default(false);

export function addModelCommand(program: Command): void {
  const model = program.command('model').description('look after models: pull, prepare, info, check, list, prune');
  const named = (name: string, description: string): Command =>
    model
      .command(name)
      .description(description)
      .argument('[model]', 'directory, or Hugging Face id (default: the bundled starter)', modelName);

  const pull = model
    .command('pull')
    .description('download a model from the Hugging Face Hub')
    .argument('<model>', 'Hugging Face id', modelName);
  addOptions(pull, commonOptions()).action(async (name: string, flags: CommonFlags) =>
    (await import('../commands/model.js')).pull(name, flags),
  );
  addOptions(named('prepare', 'prepare a model now, so that the next run starts at once'), [
    precisionOption(),
    tokenizerOption(),
    new Option('--strict', 'exit with 2 where int8 is not near enough to fp32').default(false),
    ...commonOptions(),
  ]).action(async (name: string | undefined, flags: PrepareFlags) =>
    (await import('../commands/model.js')).prepare(name, flags),
  );
  addOptions(named('info', 'what a model is, and whether it is prepared'), [json(), ...commonOptions()]).action(
    async (name: string | undefined, flags: CommonFlags & JsonFlag) =>
      (await import('../commands/model.js')).info(name, flags),
  );
  addOptions(named('check', 'score scored rows again and compare: are these rewards reproduced?'), [
    new Option('--against <file>', 'JSON lines with rewards').argParser(fileName).makeOptionMandatory(),
    new Option('--tolerance <number>', 'difference allowed, times max(1, |reward|)').argParser(Number).default(1e-4),
    json(),
    ...scoringOptions(),
    ...runOptions(),
  ]).action(async (name: string | undefined, flags: CheckFlags) =>
    (await import('../commands/model-check.js')).check(name, flags),
  );

  addOptions(model.command('list').description('prepared models on disk, the last used first'), [json()]).action(
    async (flags: JsonFlag) => (await import('../commands/model.js')).list(flags),
  );
  addOptions(model.command('prune').description('remove prepared models that are not used any more'), [
    new Option('--days <number>', 'those not used for so many days').argParser(wholeNumber(0)).default(30),
    new Option('--all', 'every one').default(false),
  ]).action(async (flags: PruneFlags) => (await import('../commands/model.js')).prune(flags));
}
