/**
 * Loaded before the program (node --import): makes the world break at a point that the environment names.
 *
 * FAULT_LOG=FILE        lists there every step that changes a file (open:partial, write:run …), and what workers get
 * FAULT_HURRY=1         the clock leaps, so that what is done is saved after every window
 * FAULT_KILL=N[:half]   SIGKILL before step N, from 0; half: with half of its bytes written
 * FAULT_FULL=PATH:N     the disk is full once files whose path ends in PATH have taken N bytes (ENOSPC)
 * FAULT_CLOSE=PATH      closing such a file fails (EIO), as it may on a network disk
 * FAULT_HOLD=STEP:FILE  the first such step (open:.run.json.tmp …) waits until FILE is there; the log has hold:STEP
 * FAULT_READ=PATH:N:ACT once N bytes of such a file were read for rows: eio, append, cut, unlink, rmdir=DIR or a signal
 * FAULT_WORKER=TYPE:N:SIGNAL[:twice]  a worker that gets its N-th message of the type sends its process the signal
 * FAULT_ONCE=FILE       FAULT_WORKER in one of several processes: the first that gets there renames FILE to FILE.PID
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';
import { isMainThread, parentPort } from 'node:worker_threads';

const {
  FAULT_LOG,
  FAULT_HURRY,
  FAULT_KILL,
  FAULT_HOLD,
  FAULT_FULL,
  FAULT_CLOSE,
  FAULT_READ,
  FAULT_WORKER,
  FAULT_ONCE,
} = process.env;
const { appendFileSync, truncateSync, unlinkSync, rmSync } = fs;

const log = (line) => FAULT_LOG !== undefined && appendFileSync(FAULT_LOG, `${line}\n`);
const failure = (code) => Object.assign(new Error(`${code}: made up`), { code });

if (isMainThread) await onMainThread();
else onWorker();

async function onMainThread() {
  if (FAULT_HURRY !== undefined) {
    let now = 2000;
    performance.now = () => {
      now *= 60;
      return now;
    };
  }
  const promises = fs.promises;
  const { open, rename, copyFile } = promises;
  const paths = new WeakMap();
  const handle = await open(new URL(import.meta.url));
  const prototype = Object.getPrototypeOf(handle);
  await handle.close();

  const [killAt, half] = FAULT_KILL?.split(':') ?? [];
  let steps = 0;
  /** @returns whether to do only half of it, and then die */
  const step = (name, path) => {
    log(`${name}:${typeInWords(path)}`);
    if (steps++ !== Number(killAt)) return false;
    if (half === undefined) process.kill(process.pid, 'SIGKILL');
    return true;
  };

  const [, holdAt, holdUntil] = /^([^:]*:[^:]*):(.*)$/.exec(FAULT_HOLD ?? '') ?? [];
  let held = false;
  const hold = async (name, path) => {
    if (held || `${name}:${typeInWords(path)}` !== holdAt) return;
    held = true;
    log(`hold:${holdAt}`);
    while (!fs.existsSync(holdUntil)) await new Promise((go) => setImmediate(go));
  };

  const [fullPath, fullAfter] = FAULT_FULL?.split(':') ?? [];
  let room = Number(fullAfter);
  /** How many of the bytes there is room for. */
  const fits = (path, length) => {
    if (fullPath === undefined || !String(path).endsWith(fullPath)) return length;
    const fit = Math.min(length, room);
    room -= fit;
    return fit;
  };

  promises.open = async (path, flags, ...rest) => {
    if (flags !== 'r' && flags !== undefined) {
      await hold('open', path);
      step('open', path);
    }
    const opened = await open(path, flags, ...rest);
    paths.set(opened, String(path));
    // Each handle has its own; the other methods are the class's.
    const { close } = opened;
    opened.close = async () => {
      await close();
      if (FAULT_CLOSE !== undefined && String(path).endsWith(FAULT_CLOSE)) throw failure('EIO');
    };
    return opened;
  };
  promises.rename = (from, to) => {
    step('rename', to);
    return rename(from, to);
  };
  promises.copyFile = (from, to) => {
    if (step('copy', to)) {
      const bytes = fs.readFileSync(from);
      fs.writeFileSync(to, bytes.subarray(0, bytes.length / 2));
      process.kill(process.pid, 'SIGKILL');
    }
    if (fits(to, fs.statSync(from).size) < fs.statSync(from).size) throw failure('ENOSPC');
    return copyFile(from, to);
  };
  const { write, writeFile, sync, datasync, truncate } = prototype;
  prototype.write = async function (bytes, offset = 0, length = bytes.length - offset, place = null) {
    const path = paths.get(this);
    if (step('write', path)) {
      await write.call(this, bytes, offset, Math.floor(length / 2), place);
      process.kill(process.pid, 'SIGKILL');
    }
    const fit = fits(path, length);
    if (fit === 0 && length > 0) throw failure('ENOSPC');
    return write.call(this, bytes, offset, fit, place);
  };
  prototype.writeFile = async function (text) {
    const bytes = Buffer.from(text);
    const path = paths.get(this);
    const dies = step('write', path);
    const fit = dies ? Math.floor(bytes.length / 2) : fits(path, bytes.length);
    if (fit === bytes.length) return writeFile.call(this, bytes);
    if (fit > 0) await write.call(this, bytes, 0, fit);
    if (dies) process.kill(process.pid, 'SIGKILL');
    throw failure('ENOSPC');
  };
  for (const [name, original] of Object.entries({ sync, datasync, truncate })) {
    prototype[name] = function (...args) {
      step(name, paths.get(this));
      return original.apply(this, args);
    };
  }
  const { writeFileSync } = fs;
  fs.writeFileSync = (path, data, ...rest) => {
    const bytes = Buffer.from(data);
    const fit = fits(path, bytes.length);
    writeFileSync(path, bytes.subarray(0, fit), ...rest);
    if (fit < bytes.length) throw failure('ENOSPC');
  };
  if (FAULT_READ !== undefined) breakReading();
  syncBuiltinESMExports();
}

const typeInWords = (path) => {
  const name = basename(String(path));
  return ['.partial', '.run.json.tmp', '.run.json', '.errors', '.tmp'].find((end) => name.endsWith(end)) ?? 'other';
};

/** Rows are read after a look at the file's beginning: what is done happens at the second opening. */
function breakReading() {
  const [path, after, act] = FAULT_READ.split(':');
  const { open, read } = fs;
  const opened = new Map();
  let openings = 0;
  let acted = false;
  fs.open = (name, ...rest) => {
    const callback = rest.pop();
    open(name, ...rest, (error, fd) => {
      if (error === null && String(name).endsWith(path) && ++openings > 1) opened.set(fd, { path: name, bytes: 0 });
      callback(error, fd);
    });
  };
  fs.read = (fd, buffer, offset, length, position, callback) => {
    const file = opened.get(fd);
    if (file === undefined) return read(fd, buffer, offset, length, position, callback);
    if (file.bytes >= Number(after) && !acted) {
      acted = true;
      log(`act:${act}`);
      if (act === 'eio') return process.nextTick(callback, failure('EIO'), 0, buffer);
      if (act === 'append') appendFileSync(file.path, process.env.FAULT_APPEND);
      else if (act === 'cut') truncateSync(file.path, file.bytes);
      else if (act === 'unlink') unlinkSync(file.path);
      else if (act.startsWith('rmdir=')) rmSync(act.slice(6), { recursive: true });
      else {
        process.kill(process.pid, act);
        // Signals come by way of the event loop.
        return setTimeout(() => read(fd, buffer, offset, length, position, callback), 50);
      }
    }
    // A step at a time, so that there is a beginning that was read.
    read(fd, buffer, offset, Math.min(length, 1 << 14), position, (error, bytes) => {
      file.bytes += bytes ?? 0;
      callback(error, bytes, buffer);
    });
  };
}

function onWorker() {
  const [type, at, signal, twice] = FAULT_WORKER?.split(':') ?? [];
  let seen = 0;
  const on = parentPort.on.bind(parentPort);
  parentPort.on = (event, listener) =>
    on(event, (message) => {
      log(`worker:${message.type}${message.type === 'score' ? ` ${message.window.file} ${message.window.byte}` : ''}`);
      if (message.type === type && seen++ === Number(at) && isOurs()) {
        process.kill(process.pid, signal);
        if (twice !== undefined) {
          // Two signals that come together are one: the second is sent when the first was told of.
          const wait = new Int32Array(new SharedArrayBuffer(4));
          Atomics.wait(wait, 0, 0, 300);
          process.kill(process.pid, signal);
          Atomics.wait(wait, 0, 0, 20_000);
        }
      }
      return listener(message);
    });
}

/** Renaming has one winner. */
function isOurs() {
  if (FAULT_ONCE === undefined) return true;
  try {
    fs.renameSync(FAULT_ONCE, `${FAULT_ONCE}.${process.pid}`);
    return true;
  } catch {
    return false;
  }
}
