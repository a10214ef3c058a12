/**
 * Prepared models on disk: their directories, their descriptions, and whether each is still whole. This file knows
 * nothing of how one is made (prepare.ts).
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from '../../platform/cache-directory.js';
import type { Mix } from '../int8/mix.js';
import type { Quality } from '../int8/quality.js';
import type { Precision } from '../precision.js';
import { type FileState, fileStateOf, matchesFileState } from './file-state.js';
import { abandonedIn, isUnfinished, removeAbandonedIn } from './unfinished.js';

const ABOUT_FILE = 'about.json';

/** The description of a prepared model, in about.json. */
export interface AboutPrepared {
  /** The checkpoint's directory when it was made. */
  readonly model: string;
  /** The hash of the checkpoint's weights. */
  readonly sha256: string;
  readonly architecture: string;
  readonly parameters: number;
  readonly precision: Precision;
  /** The quality of integers, measured against float32. */
  readonly quality?: Quality;
  /** What each matrix became, where the precision is `auto`. */
  readonly mix?: Mix;
  readonly onnxruntime: string;
  readonly cpu: string;
  /** The state of each file, by its name. */
  readonly files: Readonly<Record<string, FileState>>;
}

export interface StoredModel {
  readonly directory: string;
  readonly about: AboutPrepared;
  readonly bytes: number;
  readonly lastUse: Date;
}

const storeDirectory = (): string => join(cacheDirectory(), 'prepared');

/** The directory of the model with this key, whether or not it exists. */
export const placeOf = (key: string): string => join(storeDirectory(), key);

export const createStore = (): void => void mkdirSync(storeDirectory(), { recursive: true });

/** Writes about.json: from then on the directory is a whole prepared model. */
export function describePrepared(directory: string, about: Omit<AboutPrepared, 'files'>): void {
  const names = readdirSync(directory);
  const files = Object.fromEntries(names.map((name) => [name, fileStateOf(join(directory, name))]));
  writeFileSync(join(directory, ABOUT_FILE), `${JSON.stringify({ ...about, files }, null, 2)}\n`);
}

export type PreparedState = 'absent' | 'damaged' | 'whole';

/** Checks the size of each file and as much of its content as file-state.ts says. */
export function inspectPrepared(directory: string): PreparedState {
  if (!existsSync(directory)) return 'absent';
  try {
    const files = Object.entries(readAbout(directory).files);
    return files.every(([name, state]) => matchesFileState(join(directory, name), state)) ? 'whole' : 'damaged';
  } catch {
    return 'damaged';
  }
}

/** Records that the model is used now. A cache that cannot be written does not prevent its use. */
export function markUsed(directory: string): void {
  const now = new Date();
  try {
    utimesSync(join(directory, ABOUT_FILE), now, now);
  } catch {
    // The cache is read-only: `model list` shows an older use.
  }
}

export function renameIntoPlace(unfinished: string, place: string): void {
  try {
    renameSync(unfinished, place);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    // Another process has made the same model in the meantime.
    if (inspectPrepared(place) !== 'whole') throw error;
  }
}

/** Lists every whole prepared model, the last used first. */
export function listPrepared(): StoredModel[] {
  if (!existsSync(storeDirectory())) return [];
  const models = readdirSync(storeDirectory()).flatMap((name): StoredModel[] => {
    const directory = join(storeDirectory(), name);
    if (!existsSync(join(directory, ABOUT_FILE)) || isUnfinished(name)) return [];
    const about = readAbout(directory);
    const bytes = Object.values(about.files).reduce((sum, file) => sum + file.bytes, 0);
    return [{ directory, about, bytes, lastUse: statSync(join(directory, ABOUT_FILE)).mtime }];
  });
  return models.sort((a, b) => b.lastUse.getTime() - a.lastUse.getTime());
}

/** Lists the unfinished directories of processes that have ended. */
export const listLeftovers = (): string[] => (existsSync(storeDirectory()) ? abandonedIn(storeDirectory()) : []);

/** Removes them before a model is prepared: a killed process may have left as many bytes as that model takes. */
export const removeLeftovers = (): void => removeAbandonedIn(storeDirectory());

export const readAbout = (directory: string): AboutPrepared =>
  JSON.parse(readFileSync(join(directory, ABOUT_FILE), 'utf8')) as AboutPrepared;
