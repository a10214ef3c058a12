/** `model pull`, `prepare`, `info`, `list` and `prune`. What they print is their data, on standard output. */
import { rmSync } from 'node:fs';
import { usageError } from '../../errors.js';
import { parseHubId } from '../../hub/id.js';
import { countParameters } from '../../model/architectures/network.js';
import { readCard } from '../../model/checkpoint/card.js';
import { fallbackInWords, mixInWords } from '../../model/int8/mix.js';
import { qualityInWords, shortfallOf } from '../../model/int8/quality.js';
import { listLeftovers, listPrepared, type StoredModel } from '../../model/prepared/store.js';
import { printableMessage } from '../../platform/printable.js';
import { describeTokenizer, prepareOnThread } from '../../scorer/pool.js';
import { fillRequest } from '../../scorer/request.js';
import { describeSettings, locationOf, readModel } from '../../scorer/resolve.js';
import { SPECIAL_TOKENS_SOURCE } from '../../scorer/settings.js';
import { BUNDLED_NAME, findModel, findTokenizer } from '../../scorer/sources.js';
import type { Context } from '../context.js';
import { ExitCode } from '../exit-codes.js';
import type { FlagsOf } from '../flags/flags.js';
import { withDownloads } from './with-downloads.js';

const DAY_MS = 86_400_000;

/** For people: of names out of files, a terminal would obey some characters. */
const shownBy =
  (print: (line: string) => void) =>
  (line: string): void =>
    print(printableMessage(line));

const printerTo =
  ({ stdout }: Context) =>
  (line: string): void =>
    void stdout.write(`${line}\n`);

export async function pull(name: string, flags: FlagsOf<'model pull'>, context: Context): Promise<number> {
  parseHubId(name); // A path is already here.
  const { directory } = await withDownloads(flags, context, (download) => findModel(name, download));
  printerTo(context)(directory);
  return ExitCode.ok;
}

export async function prepare(
  name: string | undefined,
  flags: FlagsOf<'model prepare'>,
  context: Context,
): Promise<number> {
  const { precision, tokenizer, head, strict } = flags;
  const { log } = context;
  const print = printerTo(context);
  const location = await withDownloads(flags, context, async (download) => {
    // What is wrong with it is said before a thread is started.
    const { checkpoint } = await readModel(name, download, checkedHead(head));
    const needsTokenizer = checkpoint.kind === 'checkpoint' && (precision !== 'fp32' || head !== undefined);
    const tokenizerDirectory = needsTokenizer
      ? await findTokenizer(tokenizer, checkpoint, download)
      : (checkpoint.places[0] as string);
    return locationOf({ checkpoint, precision, tokenizerDirectory });
  });
  const prepared = await prepareOnThread(location, (notice) => log.note(notice));
  if (prepared.kind === 'exported') {
    log.note('there is nothing to prepare');
    print(prepared.file);
    return ExitCode.ok;
  }
  if (prepared.temporary) rmSync(prepared.directory, { recursive: true, force: true });
  else print(prepared.directory);
  const fallback = fallbackInWords(prepared.mix);
  if (fallback !== undefined) log.note(fallback);
  const shortfall = shortfallOf(prepared.quality);
  if (shortfall === undefined) return ExitCode.ok;
  if (strict) throw usageError(`${shortfall} (--strict)`);
  log.note(shortfall);
  return ExitCode.ok;
}

export async function info(name: string | undefined, flags: FlagsOf<'model info'>, context: Context): Promise<number> {
  const { log } = context;
  const print = printerTo(context);
  const facts = await withDownloads(flags, context, async (download) => {
    const head = checkedHead(flags.head);
    const { checkpoint, revision } = await readModel(name, download, head);
    const { network } = checkpoint;
    const { tokenizerDirectory: tokenizer, settings: chosen } = await describeSettings(name, download, head);
    const { specialTokens: value } = await describeTokenizer(tokenizer);
    const settings = { ...chosen, specialTokens: { value, source: SPECIAL_TOKENS_SOURCE } };
    const exported = checkpoint.kind === 'exported';
    const directory = checkpoint.places[0] as string;
    const { licence, description } = readCard(directory);
    return {
      name: name ?? BUNDLED_NAME,
      description: description ?? null,
      directory,
      revision: revision ?? null,
      ...(!exported && checkpoint.base && { base: `adapter of ${checkpoint.base.name}` }),
      architecture: network.architecture,
      parameters: countParameters(network),
      labels: network.labels,
      ...(network.problemType !== undefined && { problemType: network.problemType }),
      ...(network.statedActivation !== undefined && {
        activation: `${network.statedActivation}, which is not applied`,
      }),
      positions: network.maxPositions,
      vocabulary: network.vocabularySize,
      weights: exported ? [checkpoint.file] : checkpoint.weights.files,
      tokenizer,
      settings,
      licence,
      prepared: exported
        ? []
        : listPrepared()
            .filter(({ about }) => about.model === directory)
            .map(asListed),
    };
  });
  const { licence, prepared, settings, ...others } = facts;
  const show = shownBy(print);
  if (flags.json) {
    print(JSON.stringify(facts, null, 2));
  } else {
    for (const [field, value] of Object.entries(others)) {
      const text = typeof value === 'number' ? value.toLocaleString('en-US') : String(value ?? '-');
      show(`${field.padEnd(13)}${Array.isArray(value) ? value.join(', ') : text}`);
    }
    for (const [name, { value, source }] of Object.entries(settings)) {
      show(`${'reads'.padEnd(13)}${name}: ${settingValue(value)} (${source})`);
    }
    show(`${'licence'.padEnd(13)}${licence.name ?? 'not stated in the model card'}`);
    if (prepared.length === 0)
      show(`${'prepared'.padEnd(13)}${facts.weights[0]?.endsWith('.onnx') ? 'runs as exported' : 'no'}`);
    for (const { bytes, lastUse, precision, quality, mix } of prepared) {
      show(`${'prepared'.padEnd(13)}${precision}, ${size(bytes)}, last used ${lastUse}`);
      if (quality !== undefined) show(`${'quality'.padEnd(13)}${qualityInWords(quality)}`);
      for (const line of mix === undefined ? [] : mixInWords(mix)) show(`${'matrices'.padEnd(13)}${line}`);
    }
  }
  if (licence.nonCommercial) log.note(`the licence, ${licence.name}, does not allow commercial use`);
  return ExitCode.ok;
}

/** @throws FatalError `usage` for a head of another form */
const checkedHead = (head: string | undefined): string | undefined => fillRequest({ head }).head;

/** A value of a setting, for people. */
function settingValue(value: unknown): string {
  if (value === undefined) return 'none';
  if (typeof value !== 'object' || value === null) return String(value);
  const { before, after } = value as { before: readonly string[]; after: readonly string[] };
  return [...before, 'text', ...after].join(' ');
}

export function list({ json }: FlagsOf<'model list'>, context: Context): number {
  const print = printerTo(context);
  const models = listPrepared().map(asListed);
  const lines = models.map(
    ({ model, architecture, precision, bytes, lastUse }) =>
      `${size(bytes).padStart(8)}  last used ${lastUse}  ${precision}  ${architecture}  ${model}`,
  );
  if (json) print(JSON.stringify(models, null, 2));
  else for (const line of lines) shownBy(print)(line);
  return ExitCode.ok;
}

export function prune({ days, all }: FlagsOf<'model prune'>, context: Context): number {
  const print = shownBy(printerTo(context));
  const oldest = Date.now() - days * DAY_MS;
  const unused = listPrepared().filter(({ lastUse }) => all || lastUse.getTime() < oldest);
  for (const { directory, about, bytes } of unused) {
    rmSync(directory, { recursive: true, force: true });
    print(`removed ${size(bytes)}  ${about.model}`);
  }
  for (const directory of listLeftovers()) {
    rmSync(directory, { recursive: true, force: true });
    print(`removed what an interrupted run left: ${directory}`);
  }
  return ExitCode.ok;
}

const asListed = ({ directory, about, bytes, lastUse }: StoredModel) => ({
  model: about.model,
  sha256: about.sha256,
  architecture: about.architecture,
  parameters: about.parameters,
  precision: about.precision,
  ...(about.quality && { quality: about.quality }),
  ...(about.mix && { mix: about.mix }),
  onnxruntime: about.onnxruntime,
  directory,
  bytes,
  lastUse: lastUse.toISOString().slice(0, 10),
});

const size = (bytes: number): string =>
  bytes < 1e9 ? `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
