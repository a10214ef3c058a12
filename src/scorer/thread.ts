/** What runs on a worker thread: prepares a model, or holds one session and one tokenizer and scores windows one at a time. */
import { parentPort } from 'node:worker_threads';
import { FatalError, messageOf, runError, usageError } from '../errors.js';
import { RewardSession } from '../model/backend/session.js';
import { readCheckpoint } from '../model/checkpoint/checkpoint.js';
import { readExportedModel } from '../model/exported/model.js';
import { readyExportedModel } from '../model/exported/open.js';
import { PaddedScorer } from '../model/exported/padded-scorer.js';
import { ExportedSession } from '../model/exported/session.js';
import { PackedScorer } from '../model/layout/packed-scorer.js';
import { prepareModel } from '../model/prepared/prepare.js';
import type { TokenScorer } from '../model/token-scorer.js';
import { readTokenizerFiles } from '../model/tokenizer/files.js';
import { Tokenizer } from '../model/tokenizer/tokenizer.js';
import { createFormat } from '../rows/formats/index.js';
import { builtInTemplates, isBuiltInTemplate, jinjaTemplate } from '../rows/templates.js';
import { createHeartbeat } from './heartbeat.js';
import { measureSpeed } from './measure-speed.js';
import type { FromWorker, ReadyModel, ScoringSettings, ToWorker } from './protocol.js';
import { WindowScorer } from './window-scorer.js';

if (parentPort === null) throw new Error('this file is the entry of a worker thread');
const port = parentPort;
const heartbeat = createHeartbeat(() => post({ type: 'alive' }));

/** Of a foreign model that this thread has looked at, to go on with. */
let exportedSession: ExportedSession | undefined;
let tokenScorer: TokenScorer | undefined;
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
    case 'prepare':
      post({ type: 'prepared', model: await prepare(message) });
      break;
    case 'load':
      scorer = await load(message);
      post({ type: 'ready', ...(message.dryRun && { tokensPerSecond: await speedOf(message.scoring) }) });
      break;
    case 'score':
    case 'fail': {
      if (scorer === undefined) throw new Error('a window came before the model');
      const { window } = message;
      const scored = message.type === 'score' ? await scorer.score(window) : scorer.fail(window, message.reason);
      post({ type: 'scored', scored }, [scored.bytes.buffer, scored.stats.rewards.buffer]);
      break;
    }
    case 'release':
      await (tokenScorer ?? exportedSession)?.release();
      port.close();
      break;
  }
}

async function prepare({ model, useCache }: ToWorker & { type: 'prepare' }): Promise<ReadyModel> {
  const notify = (text: string): void => post({ type: 'notice', message: text });
  if (model.kind === 'checkpoint') {
    const checkpoint = readCheckpoint(model.directory);
    const prepared = await prepareModel(checkpoint, model.preparation, { useCache, notify, heartbeat });
    return { kind: 'checkpoint', hiddenSize: checkpoint.network.hiddenSize, ...prepared };
  }
  const { ready, session } = await readyExportedModel(readExportedModel(model.file), useCache, notify);
  exportedSession = session;
  return { kind: 'exported', ...ready };
}

async function openScorer(model: ReadyModel, { labels, padTokenId }: ScoringSettings): Promise<TokenScorer> {
  if (model.kind === 'checkpoint') {
    const session = await RewardSession.open(model.directory);
    return new PackedScorer(session, { labels, padTokenId, hiddenSize: model.hiddenSize });
  }
  const exported = readExportedModel(model.file);
  const session = exportedSession ?? (await ExportedSession.open(exported));
  return new PaddedScorer(session, labels, { ...exported.network, rowByRow: model.rowByRow });
}

async function load(message: ToWorker & { type: 'load' }): Promise<WindowScorer> {
  const { model, format, tokenizerDirectory } = message;
  const tokenizer = new Tokenizer(readTokenizerFiles(tokenizerDirectory));
  if (tokenizer.idLimit > message.scoring.vocabularySize) {
    throw runError(
      `${tokenizerDirectory}: expected a tokenizer for the model's ${message.scoring.vocabularySize} tokens, ` +
        `got one with ids up to ${tokenizer.idLimit - 1}; name the right one with --tokenizer`,
    );
  }
  if (tokenizer.addedCount >= message.scoring.maxLength) {
    throw usageError(
      `expected --max-length above ${tokenizer.addedCount}, the number of tokens that the tokenizer adds to every text, ` +
        `got ${message.scoring.maxLength}`,
    );
  }
  const padTokenId =
    message.scoring.padTokenId ??
    tokenizer.specialTokenId('pad_token') ??
    tokenizer.specialTokenId('eos_token') ??
    message.scoring.eosTokenId;
  heartbeat();
  const scoring = { ...message.scoring, padTokenId };
  const { name, jinja } = scoring.template;
  const template =
    jinja === undefined && isBuiltInTemplate(name)
      ? builtInTemplates[name]
      : jinjaTemplate(jinja ?? '', name, {
          bos_token: tokenizer.specialToken('bos_token'),
          eos_token: tokenizer.specialToken('eos_token'),
        });
  tokenScorer = await openScorer(model, scoring);
  return new WindowScorer(tokenScorer, tokenizer, scoring, {
    format: createFormat(format),
    forms: { fields: format.fields, template, templateGiven: scoring.templateGiven, prompts: scoring.reserve > 0 },
    // Results that are not spliced into the row leave its own fields alone.
    results: format.to === 'results' || format.to === 'evaluation' ? undefined : format,
    existingField: format.usesExisting ? format.rewardField : undefined,
    maxRowBytes: message.maxRowBytes,
    dryRun: message.dryRun,
    heartbeat,
  });
}

async function speedOf({ maxLength, vocabularySize }: ScoringSettings): Promise<number> {
  if (tokenScorer === undefined) throw new Error('the speed of a model that is not loaded');
  return measureSpeed(tokenScorer, maxLength, vocabularySize);
}

function post(message: FromWorker, transfer: ArrayBufferLike[] = []): void {
  port.postMessage(message, transfer as ArrayBuffer[]);
}
