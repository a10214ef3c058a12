/** Which files a command reads. */
import { usageError } from '../../errors.js';
import { isHubAddress } from '../../hub/datasets/address.js';
import { expandPath } from '../../platform/glob.js';
import type { InputPlace } from '../../run/input.js';
import { readRunFile } from '../../run/run-file.js';
import type { CommandContext } from '../context.js';
import { giveNotice } from './notice.js';

export interface InputFlags {
  readonly subset?: string;
  readonly split?: string;
  readonly offline: boolean;
  readonly strict: boolean;
  readonly resume?: boolean;
  /** What a run that is gone on with is written to. */
  readonly output?: string;
}

/**
 * The files that the arguments name, those of a quoted pattern or a data set in sorted order.
 *
 * @throws FatalError `usage` where a pattern stands for no file, or a data set cannot be had; `run` where the hub cannot
 * be asked
 */
export async function inputFiles(
  paths: readonly string[],
  flags: InputFlags,
  context: Pick<CommandContext, 'log' | 'notices'>,
): Promise<readonly InputPlace[]> {
  refuseUnread(paths, flags);
  const places: InputPlace[] = [];
  for (const path of paths) {
    if (isHubAddress(path)) {
      places.push(...(await filesOfDataset(path, flags, context)));
      continue;
    }
    places.push(...localFiles(path));
  }
  return places;
}

/**
 * The file of that path, or those of a quoted pattern in sorted order.
 *
 * @throws FatalError `usage` where a pattern stands for no file
 */
export function localFiles(path: string): readonly string[] {
  const files = expandPath(path);
  if (files.length === 0) throw usageError(`${path}: expected a pattern of files that are there, found none of them`);
  return files;
}

/**
 * The one file that an argument or a flag names.
 *
 * @throws FatalError as `inputFiles`, and `usage` where there are several
 */
export async function inputFile(
  path: string,
  flags: InputFlags,
  context: Pick<CommandContext, 'log' | 'notices'>,
): Promise<InputPlace> {
  const [place = path, ...others] = await inputFiles([path], flags, context);
  if (others.length > 0) throw usageError(`${path}: expected one file, got ${others.length + 1}`);
  return place;
}

function refuseUnread(paths: readonly string[], { subset, split }: InputFlags): void {
  const given = subset === undefined ? split && '--split' : '--subset';
  if (given && !paths.some(isHubAddress)) {
    throw usageError(`expected ${given} with hf://datasets/ORG/NAME, got ${paths.join(', ') || 'standard input'}`);
  }
}

async function filesOfDataset(
  address: string,
  { subset, split, offline, strict, resume = false, output = '-' }: InputFlags,
  context: Pick<CommandContext, 'log' | 'notices'>,
): Promise<readonly InputPlace[]> {
  const { log } = context;
  const { locateDataset } = await import('../../hub/datasets/locate.js');
  const begun = resume && output !== '-' ? (readRunFile(output)?.inputs ?? []) : [];
  const { files, isPartial } = await locateDataset(address, {
    subset,
    split,
    offline,
    begun,
    notify: (message) => log.note(message),
  });
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const what = `${files.length === 1 ? '1 file' : `${files.length} files`}, ${(bytes / 1e6).toFixed(1)} MB`;
  log.note(`${address}: ${what}, commit ${files[0]?.commit}`);
  if (isPartial) {
    const message = `${address}: the hub has converted only its beginning to Parquet, and no more is read; name its own files for all`;
    giveNotice({ code: 'PARTIAL_DATA', message }, strict, context);
  }
  return files;
}
