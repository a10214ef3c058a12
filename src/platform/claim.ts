/**
 * An exclusive claim on some work among the processes that share a file system. It is a file that names its holder.
 * A process that finds it taken learns the holder and does not wait; the claim of a process that has died is taken
 * over.
 */
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isOnThisMachine, isRunning, type ProcessIdentity, thisProcess } from './processes.js';

export interface Claim {
  /** False once the file was removed, or another process has taken the claim over because it took this one for dead. */
  isHeld(): boolean;
  release(): void;
}

/** The claim, or its holder, which is undefined where the file does not say. */
export type ClaimResult = { readonly claim: Claim } | { readonly holder: ProcessIdentity | undefined };

/** Holders touch their claims this often, because a process on another machine cannot be looked up. */
const HEARTBEAT_MS = 5000;
/** The claim of a holder on another machine that was not touched for this long is taken over. */
export const LIFETIME_MS = 30_000;
const POLL_MS = 1000;

/** Error codes of `link` on file systems without hard links. */
const NO_LINKS = /^(?:EPERM|ENOTSUP|EOPNOTSUPP|ENOSYS|EMLINK)$/;

/** The claims of this process by their ids. A claim with its number and another id was left by an earlier process. */
const heldHere = new Map<string, Claim>();

/**
 * Takes the claim unless a living process holds it. A holder on another machine is watched for up to half a minute.
 *
 * @param path of the file; its directory exists
 * @param pause resolves when a holder on another machine is to be looked at again
 * @throws the file system's error where the file cannot be made
 */
export async function takeClaim(path: string, pause: () => Promise<void> = () => sleep(POLL_MS)): Promise<ClaimResult> {
  const own = new OwnFile(path);
  let claim: Claim | undefined;
  try {
    for (;;) {
      if (own.linkTo(path)) {
        claim = hold(own);
        return { claim };
      }
      const found = readClaim(path);
      if (found === undefined) continue; // It was released a moment ago.
      const state = await stateOf(path, found, own, pause);
      if (state === 'held') return { holder: found.holder };
      if (state === 'gone') continue;
      // Of the processes that find the claim dead, only one at a time may replace it: the holder of a claim on that
      // very claim. So none removes a successor's claim by mistake, as ids are never used again.
      const succession = await takeClaim(`${path}.${found.id}`, pause);
      if ('holder' in succession) return succession;
      try {
        if (readClaim(path)?.id !== found.id) continue;
        own.replace(path);
        claim = hold(own);
        return { claim };
      } finally {
        succession.claim.release();
      }
    }
  } finally {
    own.removeDraft();
    if (claim === undefined) own.close();
  }
}

function hold(own: OwnFile): Claim {
  const heartbeat = setInterval(() => own.touch(), HEARTBEAT_MS).unref();
  const claim: Claim = {
    isHeld: () => own.isAtPlace(),
    release() {
      if (!heldHere.delete(own.id)) return;
      clearInterval(heartbeat);
      own.remove();
    },
  };
  if (!releasesAtExit) process.once('exit', releaseAll);
  releasesAtExit = true;
  heldHere.set(own.id, claim);
  return claim;
}

let releasesAtExit = false;

function releaseAll(): void {
  for (const claim of heldHere.values()) claim.release();
}

interface Found {
  readonly id: string;
  readonly holder: ProcessIdentity | undefined;
  /** When it was last touched, in milliseconds by the clock of the file system. */
  readonly touched: number;
}

function readClaim(path: string): Found | undefined {
  let file: number;
  try {
    // A network file system looks at the server when a file is opened, and may not when its status is asked for.
    file = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const touched = fstatSync(file).mtimeMs;
    try {
      const { id, ...holder } = JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity & { id: string };
      if (/^[\w-]+$/.test(id)) return { id, holder, touched };
    } catch {
      // It is being written, on a file system without links, or it is damaged.
    }
    return { id: 'unreadable', holder: undefined, touched };
  } finally {
    closeSync(file);
  }
}

/** A claim as another process sees it. */
export interface SeenClaim {
  /** Undefined where the file does not say. */
  readonly holder: ProcessIdentity | undefined;
  /** Undefined for a process of another machine, which cannot be looked up. */
  readonly isAlive: boolean | undefined;
  /** Milliseconds since it was touched, as far as the clocks of two machines agree. */
  readonly silentMs: number;
}

/** Looks at a claim without taking it; undefined where there is none. */
export function lookAtClaim(path: string): SeenClaim | undefined {
  const found = readClaim(path);
  if (found === undefined) return undefined;
  const { holder, touched } = found;
  const isAlive = holder !== undefined && isOnThisMachine(holder) ? livesHere(found, holder) : undefined;
  return { holder, isAlive, silentMs: Math.max(0, Date.now() - touched) };
}

const livesHere = ({ id }: Found, holder: ProcessIdentity): boolean =>
  holder.pid === process.pid ? heldHere.has(id) : isRunning(holder);

async function stateOf(
  path: string,
  found: Found,
  own: OwnFile,
  pause: () => Promise<void>,
): Promise<'held' | 'dead' | 'gone'> {
  const { id, holder, touched } = found;
  if (holder !== undefined && isOnThisMachine(holder)) {
    return livesHere(found, holder) ? 'held' : 'dead';
  }
  for (;;) {
    const now = readClaim(path);
    if (now?.id !== id) return 'gone';
    if (now.touched !== touched) return 'held';
    // Both times are the file system's: clocks of two machines may differ.
    if (own.touch() - touched > LIFETIME_MS) return 'dead';
    await pause();
  }
}

/** The file that becomes this process's claim once it is linked to the claim's path. */
class OwnFile {
  readonly id = randomUUID();
  readonly #place: string;
  readonly #draft: string;
  readonly #content: string;
  /** It stays open: a touch can then never reach the claim of a successor. */
  #file: number;

  constructor(place: string) {
    this.#place = place;
    this.#draft = `${place}.${this.id}`;
    this.#content = JSON.stringify({ ...thisProcess(), id: this.id });
    this.#file = openSync(this.#draft, 'wx');
    try {
      this.touch();
    } catch (error) {
      this.close();
      this.removeDraft();
      throw error;
    }
  }

  /** Touches the file, and returns the time by the clock of the file system, in milliseconds. */
  touch(): number {
    writeSync(this.#file, this.#content, 0);
    return fstatSync(this.#file).mtimeMs;
  }

  /** Links the file to the path: a link is made whole or not at all, and by one process only. */
  linkTo(path: string): boolean {
    try {
      linkSync(this.#draft, path);
      return true;
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      // A network file system may have made the link, lost its answer and refused the second request (man 2 open).
      if (code === 'EEXIST') return fstatSync(this.#file).nlink > 1;
      if (!NO_LINKS.test(code)) throw error;
    }
    try {
      copyFileSync(this.#draft, path, constants.COPYFILE_EXCL);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
    closeSync(this.#file);
    this.#file = openSync(path, 'r+');
    return true;
  }

  replace(path: string): void {
    renameSync(this.#draft, path);
  }

  isAtPlace(): boolean {
    const there = statSync(this.#place, { throwIfNoEntry: false, bigint: true });
    const own = fstatSync(this.#file, { bigint: true });
    return there?.ino === own.ino && there.dev === own.dev;
  }

  removeDraft(): void {
    rmSync(this.#draft, { force: true });
  }

  remove(): void {
    if (this.isAtPlace()) rmSync(this.#place, { force: true });
    this.close();
  }

  close(): void {
    closeSync(this.#file);
  }
}
