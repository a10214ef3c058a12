/**
 * How a process ends that has a thread in native code which never returns.
 *
 * It does not end by process.exit(), nor by an exception, nor by itself when nothing remains to be done: all of them
 * wait for the thread. Measured with a worker in crypto.pbkdf2Sync of 2^31 rounds, Node 20.20 and 26.10: process.exit,
 * process.reallyExit, a throw and worker.unref() never end; process.abort is 134, SIGKILL 137. Two ways end the process
 * with an exit code that it chooses:
 *
 * - process.execve of a shell that exits: the kernel ends all threads at once. Node 22.15 and later, not on Windows.
 * - WASI's proc_exit: calls exit() of the C library, which waits for no thread. It works everywhere, but it runs the
 *   destructors of native libraries beside a thread that uses one of them, which then may fault.
 */
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';

/** exit() beside a running thread may get stuck in turn. */
const WATCHDOG_MS = 5000;

/** The part that is used here; TypeScript declares WebAssembly with the browser's types only. */
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: { Module: new (code: Uint8Array) => object; Instance: new (module: object, imports: object) => object };
};

let hung = false;

/** To be called when a thread of this process cannot be ended. */
export const requireForcedExit = (): void => {
  hung = true;
};

/** Whether the process must be ended by forceExit. */
export const needsForcedExit = (): boolean => hung;

/**
 * Ends the process with this exit code although a thread hangs, once the standard streams are flushed. Where that is
 * impossible, the process is killed (137).
 */
export async function forceExit(code: number): Promise<never> {
  await startWatchdog();
  await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))));
  // No await from here on: Node prints its warnings of experimental features as soon as the event loop turns.
  try {
    (process as Replaceable).execve?.('/bin/sh', ['sh', '-c', `exit ${code}`]);
  } catch {
    // There is no such shell.
  }
  exitByWasi(code);
  throw new Error('WASI returned from proc_exit');
}

/**
 * Kills the process if it still runs after WATCHDOG_MS. Resolves once the watchdog is idle: a thread that starts during
 * exit() faults.
 */
async function startWatchdog(): Promise<void> {
  const program = `
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), ${WATCHDOG_MS});
    setImmediate(() => require('node:worker_threads').parentPort.postMessage('ready'));`;
  await once(new Worker(program, { eval: true, execArgv: [] }), 'message');
}

/** A function that @types/node of Node 20 does not declare. */
type Replaceable = { readonly execve?: (file: string, args: readonly string[]) => void };

function exitByWasi(code: number): void {
  // Node's own handler of a signal only takes note and returns: a thread that faults faults again, for ever, and does
  // not take the process with it before exit() is done.
  for (const signal of ['SIGSEGV', 'SIGBUS'] as const) process.on(signal, () => undefined);
  const { WASI } = createRequire(import.meta.url)('node:wasi') as typeof import('node:wasi');
  const wasi = new WASI({ version: 'preview1', returnOnExit: false });
  const program = new WebAssembly.Module(exitProgram(code));
  wasi.start(new WebAssembly.Instance(program, wasi.getImportObject()));
}

/**
 * A WebAssembly module:
 *
 *   (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
 *   (memory (export "memory") 1)
 *   (func (export "_start") (call 0 (i32.const CODE)))
 */
function exitProgram(code: number): Uint8Array {
  const section = (id: number, ...content: number[]): number[] => [id, content.length, ...content];
  const name = (text: string): number[] => [text.length, ...Buffer.from(text)];
  // A signed LEB128 number of two bytes: 0 to 255.
  const constant = [(code & 0x7f) | 0x80, (code & 0xff) >> 7];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, 2, 0x60, 1, 0x7f, 0, 0x60, 0, 0), // types: (i32) -> (), () -> ()
    ...section(2, 1, ...name('wasi_snapshot_preview1'), ...name('proc_exit'), 0, 0),
    ...section(3, 1, 1), // function 1 has type 1
    ...section(5, 1, 0, 1), // one memory of a page
    ...section(7, 2, ...name('memory'), 2, 0, ...name('_start'), 0, 1),
    ...section(10, 1, 7, 0, 0x41, ...constant, 0x10, 0, 0x0b),
  ]);
}
