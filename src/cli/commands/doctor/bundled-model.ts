/** One text through all that a run uses: tokenizer, prepared model, a worker thread and onnxruntime. */
import { messageOf } from '../../../errors.js';
import { jsonlSettings } from '../../../rows/formats/index.js';
import { LARGEST_ROW_BYTES } from '../../../rows/records.js';
import { formatReward } from '../../../rows/results.js';
import { windowsOfLines } from '../../../run/lines.js';
import { openScorer } from '../../../scorer/open.js';
import type { WindowTask } from '../../../scorer/protocol.js';
import { BUNDLED_NAME } from '../../../scorer/sources.js';
import type { Check } from './check.js';

const TEXT = 'User: What is your favourite season?\nBot: Autumn, for the colours and the quiet.\n';

/** Its reward by transformers 5.23.0 with torch 2.13.0 in float32; recipes/starter made the model. */
const RECORDED = 1.34131956;

/** |difference| / max(1, |reward|), as everywhere. */
const TOLERANCE = 1e-5;

const task: WindowTask = {
  format: { ...jsonlSettings('reward'), existing: 'replace' },
  answer: { kind: 'results' },
  maxRowBytes: LARGEST_ROW_BYTES,
  dryRun: false,
  strict: false,
};

export async function checkBundledModel(signal: AbortSignal): Promise<Check> {
  const began = performance.now();
  try {
    const reward = await rewardOfText(signal);
    const seconds = (performance.now() - began) / 1000;
    const facts = { reward, recorded: RECORDED, seconds };
    const isSame = reward !== null && Math.abs(reward - RECORDED) <= TOLERANCE * Math.abs(RECORDED);
    const found = `${reward === null ? 'no reward' : formatReward(reward)} for a text whose reward is ${RECORDED}, after ${seconds.toFixed(1)} s`;
    return {
      name: 'reward',
      state: isSame ? 'ok' : 'wrong',
      found,
      meaning: isSame
        ? 'The bundled model, its tokenizer and onnxruntime work, and give the numbers of transformers.'
        : 'Rewards of this machine are not to be trusted. Remove the prepared models (model prune --all), install the package anew, and report it if that does not help.',
      facts,
    };
  } catch (error) {
    signal.throwIfAborted();
    return {
      name: 'reward',
      state: 'wrong',
      found: messageOf(error),
      meaning:
        'Not even the bundled model can be scored: what is wrong above is why, or the package is damaged; install it anew.',
      facts: { reward: null, recorded: RECORDED, error: messageOf(error) },
    };
  }
}

async function rewardOfText(signal: AbortSignal): Promise<number | null> {
  const scorer = await openScorer(
    { model: BUNDLED_NAME, workers: 1, offline: true },
    { onNotice: () => undefined, signal, labelNeededBy: undefined },
  );
  try {
    await scorer.load(task, 1);
    const lines = (async function* () {
      yield Buffer.from(`${JSON.stringify({ text: TEXT })}\n`);
    })();
    for await (const window of windowsOfLines(lines, { size: scorer.windowSize })) {
      const { outcomes = [] } = await scorer.score({ ...window, index: 0, file: 0 });
      for (const { result } of outcomes) return result.rewards[0] ?? null;
    }
    return null;
  } finally {
    await scorer.close();
  }
}
