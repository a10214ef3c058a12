/**
 * The commands: the help, the arguments and the function of each. The function's module is loaded when it is called.
 */
import type { Command } from 'commander';
import { metricNames } from '../evaluation/metrics.js';
import type { CommandContext } from './context.js';
import type { CommandName } from './flags/flag.js';
import type { FlagsOf } from './flags/flags.js';
import { modelName } from './flags/parsers.js';

export interface ArgumentDescription {
  /** `<needed>`, `[optional]`, `[any...]` */
  readonly name: string;
  readonly doc: string;
  readonly choices?: readonly string[];
  /** Throws where the argument is invalid. */
  readonly parse?: (text: string) => unknown;
}

export interface CommandDescription<Name extends CommandName | 'completion' = CommandName | 'completion'> {
  /** `model pull` is a command of the family `model`. */
  readonly name: Name;
  readonly summary: string;
  readonly arguments: readonly ArgumentDescription[];
  /** Command lines, which help shows after the flags. */
  readonly examples?: readonly string[];
  /** What help says after the examples. */
  readonly notes?: string;
  /** Arguments without a command's name belong to this command. */
  readonly isDefault?: true;
  /** Without arguments the command reads standard input; where that is a terminal, a short help is shown instead. */
  readonly readsInput?: true;
  /** @returns the exit code */
  run(
    args: readonly string[],
    flags: Name extends CommandName ? FlagsOf<Name> : object,
    context: CommandContext,
    program: Command,
  ): Promise<number>;
}

/** Checks the record of one command against its own flags. */
const command = <Name extends CommandName | 'completion'>(description: CommandDescription<Name>) => description;

const files = (doc: string): ArgumentDescription => ({ name: '[file...]', doc });

const model: ArgumentDescription = {
  name: '[model]',
  doc: 'model directory, .onnx classifier, or Hugging Face id (default: the bundled starter)',
  parse: modelName,
};

/** Commands that only have subcommands, by name. */
export const families = {
  model: 'manage models: pull, prepare, info, check, list, prune',
} as const;

/** The commands in the order of help. */
export const commands: readonly CommandDescription[] = [
  command({
    name: 'score',
    summary: 'score files or standard input; this is the default command',
    arguments: [files('JSONL, CSV, TSV, text or Parquet files, or hf://datasets/ORG/NAME; - is standard input')],
    isDefault: true,
    readsInput: true,
    examples: [
      'reward-score -m ./my-model chats.jsonl > scored.jsonl',
      'reward-score -m ./my-model chats.csv.gz -o scored.csv --summary summary.json',
      'reward-score -m ./my-model chats.jsonl -o scored.jsonl --resume',
      'cat chats.jsonl | reward-score -m ./my-model --to scores',
    ],
    notes: `Each flag can also be set by an environment variable: --max-length by REWARD_SCORE_MAX_LENGTH.
A switch that a variable turns on is turned off by its opposite: --no-resume, or --cache for --no-cache.
Exit codes: 0 all rows are scored, 1 fatal error, 2 wrong use, 3 some rows are bad, 130/143 interrupted.`,
    run: async (args, flags, context) => {
      const { withFirstThread } = await import('../scorer/first-thread.js');
      return withFirstThread(async () => (await import('./commands/score.js')).score(args, flags, context));
    },
  }),
  command({
    name: 'best',
    summary: 'choose the best candidate of each group, rank all candidates, or make pairs to train on',
    arguments: [files('files of rows with candidates, or of rows to be grouped by --group; - is standard input')],
    readsInput: true,
    examples: [
      'reward-score best -m ./my-model candidates.jsonl > winners.jsonl',
      'reward-score best -m ./my-model samples.csv --group prompt_id --top 4 -o best-four.csv',
      'reward-score best -m ./my-model candidates.jsonl --pairs --min-gap 0.5 > pairs.jsonl',
      'reward-score best scored-candidates.jsonl > winners.jsonl',
    ],
    notes:
      'Rewards that rows have already are taken as they are, and need no model; --rescore and --use-rewards change that.',
    run: async (args, flags, context) =>
      (await import('./commands/score.js')).score(args, { ...flags, details: false, best: flags }, context),
  }),
  command({
    name: 'eval',
    summary: 'evaluate a reward model on labelled rows or pairs: metrics with intervals, thresholds for CI',
    arguments: [
      files('JSONL, CSV, TSV, text or Parquet files, or hf://datasets/ORG/NAME, scored or not; - is standard input'),
    ],
    readsInput: true,
    examples: [
      'reward-score eval -m ./my-model labelled.jsonl --group question --by topic',
      'reward-score eval labelled-scored.jsonl --fail-under auc=0.8 --fail-over ece=0.3 --junit eval.xml',
    ],
    notes: `Rewards that rows have already are taken as they are, and need no model; --rescore and --use-rewards change that.
Metrics: ${metricNames.join(', ')}.
Exit codes: those of score, and 4 if a threshold was missed.`,
    run: async (args, flags, context) => (await import('./commands/eval.js')).evaluateFiles(args, flags, context),
  }),
  command({
    name: 'explain',
    summary: 'show how a row is scored: its text, its tokens, what is cut, and where the reward is read',
    arguments: [
      {
        name: '[file]',
        doc: 'JSONL, CSV, TSV, text or Parquet file, also hf://datasets/ORG/NAME/PATH; - is standard input',
      },
    ],
    readsInput: true,
    examples: [
      'reward-score explain -m ./my-model chats.jsonl --row 4',
      'head -n 1 chats.jsonl | reward-score explain -m ./my-model --trace',
      'reward-score explain -m ./my-model chats.jsonl --row 4 --report row-4.html',
    ],
    notes: 'Exit codes: 0 the row is scored, 2 wrong use (there is no such row), 3 the row is bad.',
    run: async ([file], flags, context) =>
      (await import('./commands/explain.js')).explain(file as string, flags, context),
  }),
  command({
    name: 'compare',
    summary: 'compare the rewards of two models: two scored files, or two fields of one',
    arguments: [{ name: '<file...>', doc: 'A and B, scored files with the same rows; or one file, with --fields a,b' }],
    examples: [
      'reward-score compare old.jsonl new.jsonl --group question',
      'reward-score compare old.jsonl new.csv --id id --json',
      'reward-score compare both.jsonl --fields reward_a,reward_b',
    ],
    notes:
      'Exit codes: 0 all rows are compared, 2 wrong use (not the same rows), 3 some have no reward or are in one file alone.',
    run: async (args, flags, context) => (await import('./commands/compare.js')).compare(args, flags, context),
  }),
  command({
    name: 'summary',
    summary: 'show what a run did, and how far shards are while they run',
    arguments: [{ name: '<file...>', doc: 'summaries, or outputs of score and best, which need not be there yet' }],
    examples: ['reward-score summary scored.jsonl', 'reward-score summary summary.json --json'],
    notes: 'Exit codes: 0 finished or running, 2 wrong use, 3 a run is dead, missing or not complete.',
    run: async (args, flags, context) => (await import('./commands/show-summary.js')).showSummary(args, flags, context),
  }),
  command({
    name: 'merge',
    summary: 'join the outputs of all shards into the output of one run',
    arguments: [{ name: '<output-file...>', doc: 'outputs of score --shard, in any order, each with its .run.json' }],
    examples: [
      'reward-score -m ./my-model chats.jsonl -o part-1.jsonl --shard 1/2',
      'reward-score -m ./my-model chats.jsonl -o part-2.jsonl --shard 2/2',
      'reward-score merge part-1.jsonl part-2.jsonl -o whole.jsonl',
    ],
    run: async (args, flags, context) => (await import('./commands/merge.js')).merge(args, flags, context),
  }),
  command({
    name: 'serve',
    summary: 'score rows over HTTP, in batches that clients share',
    arguments: [],
    examples: [
      'reward-score serve -m ./my-model --port 8080',
      `curl http://127.0.0.1:8080/v1/rewards --json '{"rows": [{"prompt": "User: hi\\nBot:", "response": " hello"}]}'`,
    ],
    notes: `POST /v1/rewards takes rows and returns them with their rewards; POST /get_reward is OpenRLHF's remote reward model.
GET /health/live, /health/ready and /metrics are for monitoring. docs/serve.md describes all of them.`,
    run: async (_, flags, context) => (await import('./commands/serve.js')).serve(flags, context),
  }),
  command({
    name: 'model pull',
    summary: 'download a model from the Hugging Face Hub',
    arguments: [{ name: '<model>', doc: 'Hugging Face id', parse: modelName }],
    run: async ([name], flags, context) => (await import('./commands/model.js')).pull(name as string, flags, context),
  }),
  command({
    name: 'model prepare',
    summary: 'prepare a model now, so that the next run starts at once',
    arguments: [model],
    run: async ([name], flags, context) => (await import('./commands/model.js')).prepare(name, flags, context),
  }),
  command({
    name: 'model info',
    summary: 'show what a model is, and whether it is prepared',
    arguments: [model],
    run: async ([name], flags, context) => (await import('./commands/model.js')).info(name, flags, context),
  }),
  command({
    name: 'model check',
    summary: 'score rows again and compare: are their rewards reproduced?',
    arguments: [model],
    examples: ['reward-score model check ./my-model --against scored.jsonl'],
    notes: 'Exit codes: 0 all rewards are reproduced, 2 wrong use, 3 some are not.',
    run: async ([name], flags, context) => (await import('./commands/model-check.js')).check(name, flags, context),
  }),
  command({
    name: 'model list',
    summary: 'list the prepared models on disk, the last used first',
    arguments: [],
    run: async (_, flags, context) => (await import('./commands/model.js')).list(flags, context),
  }),
  command({
    name: 'model prune',
    summary: 'remove prepared models that are no longer used',
    arguments: [],
    run: async (_, flags, context) => (await import('./commands/model.js')).prune(flags, context),
  }),
  command({
    name: 'doctor',
    summary: 'check this machine: processor, memory, caches, onnxruntime, the hub, and a reward of the bundled model',
    arguments: [],
    examples: ['reward-score doctor', 'reward-score doctor --offline --json'],
    notes: 'Exit codes: 0 nothing is wrong, 3 something is wrong.',
    run: async (_, flags, context) => (await import('./commands/doctor.js')).doctor(flags, context),
  }),
  command({
    name: 'completion',
    summary: 'print a completion script for a shell',
    arguments: [{ name: '<shell>', doc: 'the shell that runs the script', choices: ['bash', 'zsh', 'fish'] }],
    examples: [
      'source <(reward-score completion bash)    # in ~/.bashrc',
      'reward-score completion zsh > ~/.zfunc/_reward-score    # a directory in $fpath',
      'reward-score completion fish > ~/.config/fish/completions/reward-score.fish',
    ],
    run: async ([shell], _, { stdout }, program) => {
      const { printCompletion } = await import('./commands/completion.js');
      return printCompletion(shell as 'bash' | 'zsh' | 'fish', program, stdout);
    },
  }),
];
