/**
 * Prepared models on disk: where they stand, what each says of itself, and whether it is still whole. Knows nothing of
 * how one is made (prepared.ts).
 */
import { createHash, randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { isAlive } from '../../platform/processes.js';
import type { Quality } from '../int8/quality.js';
import type { Precision } from '../precision.js';

const ABOUT_FILE = 'about.json';

/** Bytes at either end of a file that are looked at when a prepared model is opened: enough for one cut short or overwritten. */
const END_BYTES = 65_536;

/** What a prepared model says of itself, in about.json. */
export interface AboutPrepared {
  /** The checkpoint's directory when it was made. */
  readonly model: string;
  /** Of the checkpoint's weights. */
  readonly sha256: string;
  readonly architecture: string;
  readonly parameters: number;
  readonly precision: Precision;
  /** Of int8, against float32. */
  readonly quality?: Quality;
  readonly onnxruntime: string;
  readonly cpu: string;
  /** By file name. */
  readonly files: Readonly<Record<string, FileState>>;
}

interface FileState {
  readonly bytes: number;
  /** sha256 of the first and of the last 64 KiB. */
  readonly ends: string;
}

export interface StoredModel {
  readonly directory: string;
  readonly about: AboutPrepared;
  readonly bytes: number;
  readonly lastUse: Date;
}

/** `REWARD_SCORE_CACHE`, else `$XDG_CACHE_HOME/reward-score`, else `~/.cache/reward-score`. */
export function cacheDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.REWARD_SCORE_CACHE) return environment.REWARD_SCORE_CACHE;
  const xdg = environment.XDG_CACHE_HOME;
  // The XDG specification has relative paths ignored.
  return join(xdg && isAbsolute(xdg) ? xdg : join(homedir(), '.cache'), 'reward-score');
}

const storeDirectory = (): string => join(cacheDirectory(), 'prepared');

/** Where the model of this key stands, or would. */
export const placeOf = (key: string): string => join(storeDirectory(), key);

export const createStore = (): void => void mkdirSync(storeDirectory(), { recursive: true });

/** A name beside `place` for a model that is not whole yet, which says whose it is. */
export const unfinishedPlace = (place: string): string => `${place}.${process.pid}.${randomUUID()}.tmp`;

/** Writes about.json: from then on the directory is a whole prepared model. */
export function describePrepared(directory: string, about: Omit<AboutPrepared, 'files'>): void {
  const names = readdirSync(directory);
  const files = Object.fromEntries(names.map((name) => [name, stateOf(join(directory, name))]));
  writeFileSync(join(directory, ABOUT_FILE), `${JSON.stringify({ ...about, files }, null, 2)}\n`);
}

export type PreparedState = 'absent' | 'damaged' | 'whole';

/** Looks at sizes and at both ends of each file; reading gigabytes at every start would cost what preparing saves. */
export function inspectPrepared(directory: string): PreparedState {
  if (!existsSync(directory)) return 'absent';
  try {
    const { files } = readAbout(directory);
    const whole = Object.entries(files).every(([name, { bytes, ends }]) => {
      const state = stateOf(join(directory, name));
      return state.bytes === bytes && state.ends === ends;
    });
    return whole ? 'whole' : 'damaged';
  } catch {
    return 'damaged';
  }
}

/** Notes that the model is used now. A cache that cannot be written is no reason not to. */
export function markUsed(directory: string): void {
  const now = new Date();
  try {
    utimesSync(join(directory, ABOUT_FILE), now, now);
  } catch {
    // read-only: `model list` shows an older use
  }
}

export function renameIntoPlace(unfinished: string, place: string): void {
  try {
    renameSync(unfinished, place);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    // Somebody else made the same one meanwhile.
    if (inspectPrepared(place) !== 'whole') throw error;
  }
}

/** Every whole prepared model, the last used first. */
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

/** Directories that processes which are gone left unfinished. */
export function listLeftovers(): string[] {
  if (!existsSync(storeDirectory())) return [];
  return readdirSync(storeDirectory())
    .filter((name) => isUnfinished(name) && !isAlive(Number(name.split('.')[1])))
    .map((name) => join(storeDirectory(), name));
}

const isUnfinished = (name: string): boolean => name.endsWith('.tmp');

export const readAbout = (directory: string): AboutPrepared =>
  JSON.parse(readFileSync(join(directory, ABOUT_FILE), 'utf8')) as AboutPrepared;

function stateOf(path: string): FileState {
  const file = openSync(path, 'r');
  try {
    const bytes = fstatSync(file).size;
    const hash = createHash('sha256');
    for (const position of [0, Math.max(0, bytes - END_BYTES)]) {
      const end = Buffer.alloc(Math.min(END_BYTES, bytes));
      readSync(file, end, 0, end.length, position);
      hash.update(end);
    }
    return { bytes, ends: hash.digest('hex') };
  } finally {
    closeSync(file);
  }
}
