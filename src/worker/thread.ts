/** What runs on a worker thread: prepares a model, or holds one session and one tokenizer and scores windows one at a time. */
import { parentPort } from 'node:worker_threads';
import { FatalError, messageOf, runError } from '../errors.js';
import { readCheckpoint } from '../model/checkpoint.js';
import { prepareModel } from '../model/prepared.js';
import { RewardSession } from '../model/session.js';
import { Tokenizer } from '../model/tokenizer.js';
import { readTokenizerFiles } from '../model/tokenizer-files.js';
import { createFormat } from '../rows/formats.js';
import { builtInTemplates, isBuiltInTemplate, jinjaTemplate } from '../rows/templates.js';
import type { FromWorker, ToWorker } from './messages.js';
import { WindowScorer } from './window-scorer.js';

if (parentPort === null) throw new Error('this file is the entry of a worker thread');
const port = parentPort;

let session: RewardSession | undefined;
let scorer: WindowScorer | undefined;

port.on('message', async (message: ToWorker) => {
  try {
    await handle(message);
  } catch (error) {
    const kind = error instanceof FatalError ? error.kind : 'run';
    const stack = error instanceof Error ? error.stack : undefined;
    post({ type: 'fatal', kind, message: messageOf(error), ...(stack !== undefined && { stack }) });
  }
});

async function handle(message: ToWorker): Promise<void> {
  switch (message.type) {
    case 'prepare': {
      const notify = (text: string): void => post({ type: 'notice', message: text });
      const model = await prepareModel(readCheckpoint(message.modelDirectory), message.useCache, notify);
      post({ type: 'prepared', model });
      break;
    }
    case 'load':
      scorer = await load(message);
      post({ type: 'ready' });
      break;
    case 'score': {
      if (scorer === undefined) throw new Error('a window came before the model');
      const scored = await scorer.score(message.window);
      post({ type: 'scored', scored }, [scored.bytes.buffer, scored.account.rewards.buffer]);
      break;
    }
    case 'release':
      await session?.release();
      port.close();
      break;
  }
}

async function load(message: ToWorker & { type: 'load' }): Promise<WindowScorer> {
  const { scoring, format, tokenizerDirectory } = message;
  const tokenizer = new Tokenizer(readTokenizerFiles(tokenizerDirectory));
  if (tokenizer.idLimit > scoring.vocabularySize) {
    throw runError(
      `${tokenizerDirectory}: expected a tokenizer for the model's ${scoring.vocabularySize} tokens, ` +
        `got one with ids up to ${tokenizer.idLimit - 1}; name the right one with --tokenizer`,
    );
  }
  const padTokenId =
    scoring.padTokenId ??
    tokenizer.specialTokenId('pad_token') ??
    tokenizer.specialTokenId('eos_token') ??
    scoring.eosTokenId;
  const { name, jinja } = scoring.template;
  const template =
    jinja === undefined && isBuiltInTemplate(name)
      ? builtInTemplates[name]
      : jinjaTemplate(jinja ?? '', name, {
          bos_token: tokenizer.specialToken('bos_token'),
          eos_token: tokenizer.specialToken('eos_token'),
        });
  session = await RewardSession.open(message.preparedDirectory);
  return new WindowScorer(
    session,
    tokenizer,
    { ...scoring, padTokenId },
    {
      format: createFormat(format),
      // Results that are not spliced into the row leave its own fields alone.
      rewardField: format.to === 'results' ? undefined : format.rewardField,
      forms: { fields: format.fields, template, templateGiven: scoring.templateGiven },
    },
  );
}

function post(message: FromWorker, transfer: ArrayBufferLike[] = []): void {
  port.postMessage(message, transfer as ArrayBuffer[]);
}
