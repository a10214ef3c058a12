import { basename, dirname, join } from 'node:path';
import { cacheDirectory } from '../../platform/cache-directory.js';
import { cpu } from '../backend/cpu.js';
import { batchFeeds, paddedLayout } from '../layout/padded.js';
import { hashFiles } from '../prepared/hashes.js';
import type { PreparedModel } from '../prepared/prepare.js';
import { TokenScorer } from '../token-scorer.js';
import { type DataFile, type GraphFile, readGraphFile } from './graph-file.js';
import { linkedData } from './linked-data.js';
import type { ExportedModel } from './model.js';
import { toleratesPadding } from './probe.js';
import { ExportedSession } from './session.js';

/** An exported model that every worker can open: nothing is prepared, and the file is run unchanged. */
export interface ExportedReady extends PreparedModel {
  readonly file: string;
  readonly parameters: number;
  /** Data files whose bytes are passed to the sessions. */
  readonly linked: readonly DataFile[];
  /** Whether rows must not share a batch, so that one goes through the network at a time. */
  readonly rowByRow: boolean;
}

/**
 * Opens an exported model and finds out how it must be run.
 *
 * @param notify called with a sentence on how it is run, and what that costs
 * @returns also the session, which this thread may use
 */
export async function readyExportedModel(
  model: ExportedModel,
  useCache: boolean,
  notify: (message: string) => void,
): Promise<{ readonly ready: ExportedReady; readonly session: ExportedSession }> {
  const graph = readGraphFile(model.file);
  const linked = linkedData(model.file, graph.dataFiles);
  const session = await ExportedSession.open(model, linked);
  try {
    const reason = await reasonToScoreAlone(model, graph, session);
    notify(
      reason === undefined
        ? `${basename(model.file)} is run as it was exported, with padding and nothing shared: slower where rows begin alike`
        : `${basename(model.file)} is run as it was exported, one row at a time (${reason}): slow where rows are short or begin alike`,
    );
    const memory = useCache ? join(cacheDirectory(), 'hashes') : undefined;
    const ready = {
      file: model.file,
      directory: dirname(model.file),
      temporary: false,
      sha256: await hashFiles([model.file, ...graph.dataFiles.map(({ path }) => path)], memory),
      linked,
      parameters: graph.parameters,
      rowByRow: reason !== undefined,
      onnxruntimeVersion: cpu.identity().onnxruntime,
    };
    return { ready, session };
  } catch (error) {
    await session.release();
    throw error;
  }
}

/** An exported model that scores on the calling thread. */
export const exportedScorer = (
  session: ExportedSession,
  { network }: ExportedModel,
  { rowByRow }: Pick<ExportedReady, 'rowByRow'>,
): TokenScorer => {
  const { inputs } = session;
  const { padTokenId, maxPositions, tokenTypes = Number.POSITIVE_INFINITY, labels } = network;
  const layout = paddedLayout({
    inputs,
    padTokenId,
    maxPositions,
    typed: tokenTypes > 1,
    rowByRow,
    limits: cpu.limits,
  });
  return new TokenScorer(session, layout, labels.length);
};

async function reasonToScoreAlone(
  { network }: ExportedModel,
  { dynamicQuantizer }: GraphFile,
  session: ExportedSession,
): Promise<string | undefined> {
  const { inputs } = session;
  const { padTokenId } = network;
  const tolerant = await toleratesPadding((batch) => session.run(batchFeeds(batch, { inputs, padTokenId })), network);
  if (dynamicQuantizer !== undefined) return `${dynamicQuantizer} makes rewards depend on what else is in a batch`;
  if (session.oneRow) return 'it was exported for one';
  if (padTokenId === undefined) return 'its config.json names no pad_token_id';
  return tolerant ? undefined : 'padded batches would change its rewards, or fail';
}
