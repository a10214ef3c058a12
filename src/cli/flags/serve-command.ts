/** The flags of `serve`, as the user types them: its own, and those of score that say how rows are read and scored. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { LARGEST_ROW_BYTES } from '../../rows/records.js';
import { addOptions, grouped, wholeNumber } from './options.js';
import { type ScoreFlags, scoreOptions } from './score-command.js';

/** Flags of score that serve has. */
const ofScore = [
  ...(['model', 'text', 'prompt', 'response', 'messages', 'candidates', 'chosen', 'rejected', 'details'] as const),
  ...(['tokenizer', 'template', 'rewardField', 'maxLength', 'truncationSide', 'reserve', 'activation'] as const),
  ...(['logit', 'precision', 'workers', 'workerTimeout', 'cache', 'strict', 'offline', 'quiet', 'progress'] as const),
] as const;

export interface ServeFlags extends Pick<ScoreFlags, (typeof ofScore)[number]> {
  readonly host: string;
  readonly port: number;
  readonly token?: string;
  readonly maxBodyBytes: number;
  readonly maxQueueBytes: number;
  readonly clientTimeout: number;
}

const MIB = 2 ** 20;

function token(text: string): string {
  if (!/^[\x21-\x7e]+$/.test(text)) throw new InvalidArgumentError('Expected ASCII characters without spaces.');
  return text;
}

function host(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('Expected an address or a name.');
  return text;
}

const options = (): Option[] => [
  ...grouped('Server', [
    new Option('--host <address>', 'where to listen; elsewhere than on this machine alone, --token is needed')
      .argParser(host)
      .default('127.0.0.1'),
    new Option('--port <number>', 'where to listen; 0 for one that is free')
      .argParser(wholeNumber(0, 65_535))
      .default(8080),
    new Option(
      '--token <secret>',
      'what clients must show (Authorization: Bearer); others can see a flag: better use the variable',
    ).argParser(token),
    new Option('--max-body-bytes <bytes>', 'a longer request is refused (413)')
      .argParser(wholeNumber(1, LARGEST_ROW_BYTES))
      .default(16 * MIB),
    new Option('--max-queue-bytes <bytes>', 'requests in hand beyond these are refused (429)')
      .argParser(wholeNumber(1))
      .default(64 * MIB),
    new Option('--client-timeout <seconds>', 'for a client to send its request, and to take its answer')
      .argParser(wholeNumber(1, 86_400))
      .default(60),
  ]),
  ...scoreOptions().filter(
    (option) => option.long === '--debug' || ofScore.some((name) => name === option.attributeName()),
  ),
];

const examples = `
Examples:
  reward-score serve -m ./my-model --port 8080
  curl http://127.0.0.1:8080/v1/rewards --json '{"rows": [{"prompt": "User: hi\\nBot:", "response": " hello"}]}'

POST /v1/rewards takes rows and gives them with their rewards; POST /get_reward is OpenRLHF's remote reward model.
GET /health/live, /health/ready and /metrics are for whoever looks after it. docs/serve.md has the rest.`;

export function addServeCommand(program: Command): void {
  const command = program
    .command('serve')
    .description('score rows over HTTP, many clients in common batches')
    .addHelpText('after', examples);
  addOptions(command, options()).action(async (flags: ServeFlags) =>
    (await import('../commands/serve.js')).serve(flags),
  );
}
