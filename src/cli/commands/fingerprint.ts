/** What an output is made of, besides its rows: compared when a run goes on with another's work, or shards are merged. */
import { createHash } from 'node:crypto';
import { compressionOfName } from '../../compression/compression.js';
import { hashTokenizerFiles } from '../../model/tokenizer/files.js';
import { cpuIdentity } from '../../platform/cpu.js';
import type { Fingerprint, Runtime } from '../../run/run-file.js';
import type { ReadyModel } from '../../scorer/protocol.js';
import type { SelectionSettings } from '../../selection/settings.js';
import type { ScoreFlags } from '../flags/score-command.js';
import type { Plan } from './plan.js';

export function fingerprintOf(flags: ScoreFlags, plan: Plan, model: ReadyModel): Fingerprint {
  const { engine, formatSettings, windowSize, choice } = plan;
  const { scoring, checkpoint } = engine;
  const { from, to, delimiter, header } = formatSettings;
  const named = Object.entries(formatSettings.fields).map(([role, name]) => [`--${role}`, name]);
  return {
    'the model': digest(model.sha256, checkpoint.network),
    'the tokenizer': digest(hashTokenizerFiles(engine.tokenizerDirectory)),
    '--precision': engine.precision,
    '--max-length': scoring.maxLength,
    '--truncation-side': scoring.truncationSide,
    '--reserve': scoring.reserve,
    '--activation': scoring.activation,
    '--logit': scoring.logit,
    '--template': scoring.templateGiven ? scoring.template.name : null,
    'the template': scoring.template.jinja === undefined ? null : digest(scoring.template.jinja),
    '--from': from,
    '--to': to,
    '--delimiter': delimiter,
    'the header': header?.text ?? null,
    ...Object.fromEntries(named),
    '--reward-field': flags.rewardField,
    ...(choice === undefined ? {} : { command: 'best', ...selectionFingerprint(choice) }),
    '--details': flags.details,
    '--max-row-bytes': flags.maxRowBytes,
    '--on-error': flags.onError,
    '--errors': flags.errors !== undefined,
    '--shard': flags.shard === undefined ? null : `${flags.shard.index}/${flags.shard.of}`,
    'the packing': compressionOfName(flags.output) ?? null,
    'the window': `${windowSize.bytes} bytes, ${windowSize.rows} rows`,
  };
}

const selectionFingerprint = ({ group, responseField, top, ranked, pairs }: SelectionSettings): Fingerprint => ({
  '--group': group ?? null,
  '--response-field': responseField,
  '--top': ranked && Number.isFinite(top) ? top : null,
  '--rank': ranked && !Number.isFinite(top),
  '--pairs': pairs === undefined ? null : `gap of ${pairs.minGap}`,
});

export const runtimeOf = (version: string, model: ReadyModel): Runtime => ({
  rewardScore: version,
  onnxruntime: model.onnxruntimeVersion,
  cpu: digest(cpuIdentity()),
});

/** Enough of a digest to tell one from another, and to be read by a person. */
const digest = (...parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
