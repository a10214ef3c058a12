/** What runs on a worker thread: prepares a model, or holds one session and one tokenizer and scores windows one at a time. */
import { parentPort, workerData } from 'node:worker_threads';
import { FatalError, messageOf, runError, usageError } from '../errors.js';
import { findTokens } from '../model/checkpoint/asked-head.js';
import { readCheckpoint } from '../model/checkpoint/checkpoint.js';
import type { ExportedSession } from '../model/exported/session.js';
import { layoutFactsOf } from '../model/layout/choose-layout.js';
import { openPrepared } from '../model/prepared/open.js';
import { prepareModel } from '../model/prepared/prepare.js';
import type { TokenScorer } from '../model/token-scorer.js';
import { readTokenizerFiles, type TokenizerFiles } from '../model/tokenizer/files.js';
import { filesOfShared, shareTokenizer } from '../model/tokenizer/shared-tokenizer.js';
import { Tokenizer } from '../model/tokenizer/tokenizer.js';
import { optionName, spellOptionsAs } from '../option-name.js';
import { createAnswer } from './answers.js';
import { createHeartbeat } from './heartbeat.js';
import { measureSpeed } from './measure-speed.js';
import type { FromWorker, LoadRequest, ReadyModel, ScoringSettings, ThreadData, ToWorker } from './protocol.js';
import { textSettingsOf } from './reading.js';
import { RowExplainer } from './row-explainer.js';
import { tokenizerFactsOf } from './tokenizer-facts.js';
import { WindowScorer } from './window-scorer.js';

if (parentPort === null) throw new Error('this file is the entry of a worker thread');
const port = parentPort;
spellOptionsAs((workerData as ThreadData).optionSpelling);
const heartbeat = createHeartbeat(() => post({ type: 'alive' }));

/** Of an exported model that this thread has looked at, to go on with. */
let exportedSession: ExportedSession | undefined;
let tokenizer: Tokenizer | undefined;
/** Of a tokenizer that this thread was to share, and that cannot be, until it loads. */
let tokenizerFiles: TokenizerFiles | undefined;
let tokenScorer: TokenScorer | undefined;
let scorer: WindowScorer | undefined;

port.on('message', async (message: ToWorker) => {
  try {
    await handle(message);
  } catch (error) {
    const stack = error instanceof Error ? error.stack : undefined;
    post({
      type: 'error',
      message: messageOf(error),
      ...(error instanceof FatalError && { kind: error.kind }),
      ...(stack !== undefined && { stack }),
    });
  }
});

async function handle(message: ToWorker): Promise<void> {
  switch (message.type) {
    case 'prepare':
      post({ type: 'prepared', model: await prepare(message) });
      break;
    case 'describe': {
      post({
        type: 'described',
        tokenizer: tokenizerFactsOf(new Tokenizer(readTokenizerFiles(message.tokenizerDirectory))),
      });
      break;
    }
    case 'share': {
      const files = readTokenizerFiles(message.tokenizerDirectory);
      const tokenizer = shareTokenizer(files);
      if (tokenizer === undefined) tokenizerFiles = files;
      post({ type: 'shared', tokenizer });
      break;
    }
    case 'load':
      scorer = await load(message);
      post({
        type: 'ready',
        tokenizer: scorer.tokenizerFacts,
        ...(message.task.dryRun && { workPerSecond: await speedOf(message.scoring) }),
      });
      break;
    case 'score':
    case 'fail': {
      if (scorer === undefined) throw new Error('a window came before the model');
      const { window } = message;
      const scored =
        message.type === 'score' ? await scorer.score(window, message.part) : scorer.fail(window, message.reason);
      post({ type: 'scored', scored }, [scored.output.buffer, scored.stats.rewards.buffer]);
      break;
    }
    case 'release':
      await (tokenScorer ?? exportedSession)?.release();
      port.close();
      break;
  }
}

/** Loaded only where there is one, as a thread's start is mostly the loading of modules. */
const exportedModels = async () => ({
  ...(await import('../model/exported/model.js')),
  ...(await import('../model/exported/open.js')),
  ...(await import('../model/exported/session.js')),
});

async function prepare({ model, useCache }: ToWorker & { type: 'prepare' }): Promise<ReadyModel> {
  const notify = (text: string): void => post({ type: 'notice', message: text });
  if (model.kind === 'checkpoint') {
    const { directory, sources, tokenizerDirectory } = model;
    const tokenizer = (): Tokenizer => new Tokenizer(readTokenizerFiles(tokenizerDirectory));
    const head = sources.head && findTokens(sources.head, tokenizer);
    const checkpoint = readCheckpoint(directory, { ...sources, head });
    const prepared = await prepareModel(checkpoint, model.preparation, { useCache, notify, heartbeat });
    return { kind: 'checkpoint', network: layoutFactsOf(checkpoint.network), ...prepared };
  }
  const { readExportedModel, readyExportedModel } = await exportedModels();
  const { ready, session } = await readyExportedModel(readExportedModel(model.file), useCache, notify);
  exportedSession = session;
  return { kind: 'exported', ...ready };
}

async function openTokenScorer(
  model: ReadyModel,
  labels: number,
  padTokenId: number | undefined,
): Promise<TokenScorer> {
  if (model.kind === 'checkpoint') {
    return openPrepared(model.directory, model.network, { labels, padTokenId });
  }
  const { ExportedSession, exportedScorer, readExportedModel } = await exportedModels();
  const exported = readExportedModel(model.file);
  const session = exportedSession ?? (await ExportedSession.open(exported, model.linked));
  return exportedScorer(session, exported, model);
}

async function load({ model, tokenizerDirectory, sharedTokenizer, ...message }: LoadRequest): Promise<WindowScorer> {
  const { task } = message;
  // One pool has one model and one tokenizer: with another task, they are the same.
  tokenizer ??= new Tokenizer(
    sharedTokenizer ? filesOfShared(sharedTokenizer) : (tokenizerFiles ?? readTokenizerFiles(tokenizerDirectory)),
  );
  tokenizerFiles = undefined;
  checkTokenizer(tokenizer, tokenizerDirectory, message.scoring);
  heartbeat();
  const scoring = { ...message.scoring, padTokenId: padTokenOf(tokenizer, message.scoring) };
  tokenScorer ??= await openTokenScorer(model, scoring.labels, scoring.padTokenId);
  const { format, answer } = task;
  const explainer =
    answer.kind === 'explanation'
      ? new RowExplainer({ ...answer, scorer: tokenScorer, tokenizer, scoring, heartbeat })
      : undefined;
  const prompts = scoring.reserve > 0 ? 'needed' : explainer || format.details ? 'wanted' : 'unused';
  return new WindowScorer({
    scorer: tokenScorer,
    tokenizer,
    scoring,
    task,
    answer: createAnswer(task),
    texts: await textSettingsOf(scoring, tokenizer.specialTokens(), format.fields, prompts),
    decoder: model.kind === 'checkpoint' && model.network.attention === 'causal',
    explainer,
    heartbeat,
  });
}

/** @throws FatalError where the tokenizer is not one for the model, or leaves no room for a text */
function checkTokenizer(tokenizer: Tokenizer, directory: string, scoring: ScoringSettings): void {
  const { maxLength, vocabularySize } = scoring;
  if (tokenizer.idLimit > vocabularySize) {
    throw runError(
      `${directory}: expected a tokenizer for the model's ${vocabularySize} tokens, ` +
        `got one with ids up to ${tokenizer.idLimit - 1}; name the right one with ${optionName('tokenizer')}`,
    );
  }
  const { addedCount, addedToPair = 0 } = tokenizer;
  const isPair = scoring.template.kind === 'pair' && addedToPair > addedCount;
  const added = isPair ? addedToPair : addedCount;
  if (added >= maxLength) {
    throw usageError(
      `expected ${optionName('maxLength')} above ${added}, the number of tokens that the tokenizer adds to every ` +
        `${isPair ? 'pair of texts' : 'text'}, got ${maxLength}`,
    );
  }
}

function padTokenOf(tokenizer: Tokenizer, { padTokenId, eosTokenId }: ScoringSettings): number | undefined {
  if (padTokenId !== 'of the tokenizer') return padTokenId;
  return tokenizer.specialTokenId('pad_token') ?? tokenizer.specialTokenId('eos_token') ?? eosTokenId;
}

async function speedOf({ maxLength, vocabularySize }: ScoringSettings): Promise<number> {
  if (tokenScorer === undefined) throw new Error('the speed of a model that is not loaded');
  return measureSpeed(tokenScorer, maxLength, vocabularySize);
}

function post(message: FromWorker, transfer: ArrayBufferLike[] = []): void {
  port.postMessage(message, transfer as ArrayBuffer[]);
}
