/** `reward-score serve` as a process of its own, and what its clients do. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after } from 'node:test';
import { type BinaryOptions, start } from './binary.js';
import { root, temporaryDirectory } from './run.js';

export const model = join(root, 'fixtures/tiny-gpt2');

export interface Served {
  readonly child: ChildProcess;
  readonly url: string;
  readonly port: number;
  /** Resolves when standard error has this, so many times. */
  saying(what: RegExp, times?: number): Promise<void>;
  /** How it ended. */
  readonly ended: Promise<[code: number | null, signal: NodeJS.Signals | null]>;
  /** What it said. */
  said(): string;
}

const children: ChildProcess[] = [];
after(() => {
  for (const child of children) child.kill('SIGKILL');
});

/** Starts a server on a port of its own, to be gone after the tests of the file. */
async function startServer(args: readonly string[] = [], options: BinaryOptions = {}): Promise<Served> {
  const child = start(['serve', '-m', model, '--port', '0', ...args], options);
  children.push(child);
  const ended = once(child, 'close') as Served['ended'];
  const stderr = child.stderr as NodeJS.ReadableStream;
  let said = '';
  stderr.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  const saying = async (what: RegExp, times = 1): Promise<void> => {
    const every = new RegExp(what, 'gm');
    while ((said.match(every)?.length ?? 0) < times) {
      const [event] = await Promise.race([once(stderr, 'data').then(() => ['data']), ended.then(() => ['end'])]);
      if (event === 'end') assert.match(said, what);
    }
  };
  await saying(/^reward-score: listening on /);
  const url = /listening on (http:\S+)/.exec(said)?.[1] as string;
  return { child, url, port: Number(new URL(url).port), saying, ended, said: () => said };
}

/** The same, with its model loaded. */
export async function startReady(args: readonly string[] = [], options: BinaryOptions = {}): Promise<Served> {
  const served = await startServer(args, options);
  await served.saying(/^reward-score: ready/);
  return served;
}

/** A server with one worker that waits at every window with `hold~` in it, or where the model is loaded. */
export async function startHolding(at: 'load' | 'score', args: readonly string[] = []) {
  const fifo = join(temporaryDirectory(), 'go');
  execFileSync('mkfifo', [fifo]);
  const options = {
    nodeFlags: ['--import', join(root, 'test/support/hold-worker.mjs')],
    env: { HOLD_AT: at, HOLD_FIFO: fifo },
  };
  const served = await (at === 'load' ? startServer : startReady)(['-j', '1', ...args], options);
  return { ...served, held: (times = 1) => served.saying(/^held$/, times), release: () => writeFile(fifo, 'go') };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export const JSON_TYPE = 'application/json';
export const LINES_TYPE = 'application/x-ndjson';

export async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, init);
  // text() would take a byte-order mark away.
  const text = Buffer.from(await response.arrayBuffer()).toString('utf8');
  return { status: response.status, headers: response.headers, text };
}

export const post = (
  { url }: Pick<Served, 'url'>,
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> => ask(url + path, { method: 'POST', body, headers: { 'Content-Type': JSON_TYPE, ...headers } });

/** The records of rows that were sent as an array. */
export async function rewards(served: Served, rows: readonly unknown[]): Promise<Record<string, unknown>[]> {
  const { status, text } = await post(served, '/v1/rewards', JSON.stringify(rows));
  assert.equal(status, 200, text);
  return JSON.parse(text) as Record<string, unknown>[];
}

export const messageOf = ({ text }: Answer): string =>
  (JSON.parse(text) as { error: { message: string } }).error.message;

/** Values of /metrics by name and labels. */
export async function metricsOf({ url }: Served): Promise<(name: string) => number> {
  const { text } = await ask(`${url}/metrics`);
  const values = new Map<string, number>();
  for (const line of text.trimEnd().split('\n')) {
    if (/^# (HELP|TYPE) [a-z_]+ \S/.test(line)) continue;
    const [, name, value] = /^([a-z_]+(?:\{[a-z_]+="[^"]*"(?:,[a-z_]+="[^"]*")*\})?) (\S+)$/.exec(line) ?? [];
    assert.ok(name !== undefined && Number.isFinite(Number(value)) && !values.has(name), line);
    values.set(name, Number(value));
  }
  return (name) => values.get(`reward_score_${name}`) ?? 0;
}

/** Asks for the metrics until one is as it should be. */
export async function metricBecomes(served: Served, name: string, expected: number): Promise<void> {
  const started = performance.now();
  for (;;) {
    const value = (await metricsOf(served))(name);
    if (value === expected) return;
    assert.ok(performance.now() - started < 60_000, `${name} is ${value}, not ${expected}`);
  }
}

/** A connection on which a test says what it likes. */
export async function connectTo({ port }: Served): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined); // a server may cut it
  await once(socket, 'connect');
  return socket;
}

/** All that comes until the other side ends the connection. */
export async function untilClosed(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  await once(socket, 'close');
  return text;
}
