/**
 * Which files of a data set's converted Parquet a subset's split consists of: `SUBSET/SPLIT/0000.parquet` and so on. The folder
 * is `partial-SPLIT` where the hub has converted only the beginning, and `SPLIT-part0` and so on where one folder would have
 * more than 10,000 files; names of splits have no `-`.
 *
 * Source: parquet_utils.py of https://github.com/huggingface/dataset-viewer
 */
import { usageError } from '../../errors.js';
import { optionName } from '../../option-name.js';
import type { HubId } from '../id.js';
import type { ListedFile } from './routes.js';

export const DEFAULT_SUBSET = 'default';
export const DEFAULT_SPLIT = 'train';

export interface ConvertedSplit {
  readonly files: readonly ListedFile[];
  /** Whether they are only the beginning. */
  readonly isPartial: boolean;
}

/** Subsets with their splits that a message names. */
const MOST_NAMED = 20;

/** @returns undefined where there is no such subset or split */
export function splitOf(listed: readonly ListedFile[], subset: string, split: string): ConvertedSplit | undefined {
  const found = listed
    .flatMap((file) => placeOf(file) ?? [])
    .filter((at) => at.subset === subset && at.split === split);
  if (found.length === 0) return undefined;
  return { files: found.map(({ file }) => file), isPartial: found.some(({ isPartial }) => isPartial) };
}

/**
 * @param listed all files of the converted data
 * @throws FatalError `usage`; the message lists the subsets and splits that are there
 */
export function noSuchSplit(listed: readonly ListedFile[], subset: string, split: string, { text }: HubId): never {
  const splitsOf = new Map<string, Set<string>>();
  for (const place of listed.flatMap((file) => placeOf(file) ?? [])) {
    splitsOf.set(place.subset, (splitsOf.get(place.subset) ?? new Set()).add(place.split));
  }
  const names = [...splitsOf].map(([name, splits]) => `${name} (${[...splits].join(', ')})`);
  const more = names.length > MOST_NAMED ? `, and ${names.length - MOST_NAMED} more` : '';
  throw usageError(
    `${text}: expected the subset ${subset} (${optionName('subset')}) with the split ${split} (${optionName('split')}), ` +
      `found ${names.slice(0, MOST_NAMED).join(', ') || 'no Parquet'}${more}`,
  );
}

interface ConvertedFile {
  readonly file: ListedFile;
  readonly subset: string;
  readonly split: string;
  readonly isPartial: boolean;
}

function placeOf(file: ListedFile): ConvertedFile | undefined {
  const [, subset, partial, split] =
    /^([^/]+)\/(partial-)?([^/]+?)(?:-part\d+)?\/[^/]+\.parquet$/.exec(file.path) ?? [];
  if (subset === undefined || split === undefined) return undefined;
  return { file, subset, split, isPartial: partial !== undefined };
}
