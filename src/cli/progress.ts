/**
 * Shows the progress of a run: a bar on a terminal, else one plain line a minute. The only importer of cli-progress.
 */
import cliProgress from 'cli-progress';
import type { Context } from './context.js';

const LINE_INTERVAL_MS = 60_000;

interface Done {
  /** Bytes in all, including those of earlier runs. */
  readonly bytes: number;
  readonly rows: number;
  /** The work of earlier runs, which says nothing about this one's speed. */
  readonly before: { readonly bytes: number; readonly rows: number };
}

export interface Progress {
  update(done: Done): void;
  stop(): void;
}

export interface DownloadProgress {
  update(done: { readonly file: string; readonly doneBytes: number; readonly totalBytes: number | undefined }): void;
  /** Removes the bar; the next update shows it again. */
  stop(): void;
}

export interface ProgressOptions {
  /** Bytes of all inputs, where that is known. */
  readonly totalBytes: number | undefined;
  readonly enabled: boolean;
  readonly context: Context;
}

const none = { update: () => undefined, stop: () => undefined };

export function startProgress({ totalBytes, enabled, context }: ProgressOptions): Progress {
  if (!enabled) return none;
  if (!context.stderr.isTTY) return lines(totalBytes, context);
  return showsBars(context) ? bar(totalBytes, context) : none;
}

/** Shows the progress of a download, of which nothing is known before its first bytes. */
export function startDownloadProgress({ enabled, context }: Omit<ProgressOptions, 'totalBytes'>): DownloadProgress {
  if (!enabled) return none;
  if (context.stderr.isTTY) return showsBars(context) ? downloadBar(context) : none;
  let logged = performance.now();
  return {
    update({ file, doneBytes, totalBytes }) {
      if (performance.now() - logged < LINE_INTERVAL_MS) return;
      logged = performance.now();
      context.log.note(`${file}: ${megabytes(doneBytes)} of ${megabytes(totalBytes)} downloaded`);
    },
    stop: () => undefined,
  };
}

function showsBars({ env: { CI, HF_HUB_DISABLE_PROGRESS_BARS: disabled } }: Context): boolean {
  return !CI && !/^(1|on|yes|true)$/i.test(disabled ?? '');
}

function downloadBar({ stderr: stream }: Context): DownloadProgress {
  const format = '{bar} {percentage}%  {done} of {all}  {file}';
  const progress = new cliProgress.SingleBar(
    { format, stream, gracefulExit: false, clearOnComplete: true, hideCursor: true, barsize: 30, fps: 5 },
    cliProgress.Presets.shades_classic,
  );
  return {
    update({ file, doneBytes, totalBytes }) {
      const payload = { file, done: megabytes(doneBytes), all: megabytes(totalBytes) };
      if (progress.isActive) progress.update(doneBytes, payload);
      else progress.start(totalBytes ?? doneBytes, doneBytes, payload);
    },
    stop: () => progress.stop(),
  };
}

const megabytes = (bytes: number | undefined): string =>
  bytes === undefined ? 'an unknown size' : `${(bytes / 1e6).toLocaleString('en-US', { maximumFractionDigits: 0 })} MB`;

function bar(totalBytes: number | undefined, { stderr: stream }: Context): Progress {
  const started = performance.now();
  const format =
    totalBytes === undefined
      ? '{rows} rows  {rate} rows/s  {duration_formatted}'
      : '{bar} {percentage}%  {rows} rows  {rate} rows/s  {left} left';
  const progress = new cliProgress.SingleBar(
    // gracefulExit would remove Node's own handling of Ctrl-C without a replacement.
    { format, stream, gracefulExit: false, clearOnComplete: true, hideCursor: true, barsize: 30, fps: 5 },
    cliProgress.Presets.shades_classic,
  );
  progress.start(totalBytes ?? 1, 0, { rows: '0', rate: '-', left: '-' });
  return {
    update({ bytes, rows, before }) {
      if (!progress.isActive) return; // An update after its end would draw it once more.
      const seconds = (performance.now() - started) / 1000;
      progress.update(totalBytes === undefined ? 0 : Math.min(bytes, totalBytes), {
        rows: rows.toLocaleString('en-US'),
        rate: perSecond(rows - before.rows, seconds),
        left: totalBytes === undefined ? '-' : clock((seconds * (totalBytes - bytes)) / (bytes - before.bytes)),
      });
    },
    stop: () => progress.stop(),
  };
}

/** Seconds as 0:07, 12:34 or 1:02:03. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (n: number): string => String(n).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

function lines(totalBytes: number | undefined, { log }: Context): Progress {
  const started = performance.now();
  let state: Done = { bytes: 0, rows: 0, before: { bytes: 0, rows: 0 } };
  const timer = setInterval(() => {
    const share = totalBytes ? ` (${Math.floor((100 * state.bytes) / totalBytes)} %)` : '';
    const rate = perSecond(state.rows - state.before.rows, (performance.now() - started) / 1000);
    log.note(`${state.rows.toLocaleString('en-US')} rows${share}, ${rate} rows/s`);
  }, LINE_INTERVAL_MS);
  timer.unref();
  return {
    update: (done) => {
      state = done;
    },
    stop: () => clearInterval(timer),
  };
}

/** Rows a second, with two digits or more. */
export function perSecond(rows: number, seconds: number): string {
  const rate = rows / Math.max(0.001, seconds);
  // 99.5 and more would be 1.0e+2 in two digits.
  return rate >= 99.5 ? Math.round(rate).toLocaleString('en-US') : rate.toPrecision(2);
}
