/**
 * A reporter for Node's runner, beside the one that people read. At the end it names what was skipped, whatever skipped
 * it, and fails the run where a test file printed something itself: runs in the process of a test (in-process.ts) share
 * its streams with native code, whose warnings no run records.
 *
 * SKIPPED_TESTS names a file to which each skip is added as a line, for .ci/run.
 */
import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';

// biome-ignore lint/style/noDefaultExport: Node asks for it
export default async function* strictReporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const skipped: string[] = [];
  const printed: string[] = [];
  for await (const { type, data } of events) {
    if (type === 'test:pass') {
      // A test that is marked as to be done passes whatever it does.
      const reason = data.skip ?? data.todo;
      if (reason !== undefined && reason !== false) skipped.push(`${placeOf(data)}: ${reasonOf(reason)}`);
    } else if (type === 'test:stdout' || type === 'test:stderr') {
      printed.push(`${placeOf(data)}: ${JSON.stringify(data.message)}`);
    }
  }
  const path = process.env.SKIPPED_TESTS;
  if (path !== undefined) appendFileSync(path, linesOf(skipped));
  if (skipped.length > 0) yield `\nSkipped:\n${linesOf(skipped)}`;
  if (printed.length === 0) return;
  process.exitCode = 1;
  yield `\nTest files printed something, which fails the run:\n${linesOf(printed)}`;
}

const placeOf = ({ file, name }: { readonly file?: string | undefined; readonly name?: string }): string =>
  [file === undefined ? undefined : relative('.test-build', file).replace(/\.js$/, '.ts'), name]
    .filter((part) => part !== undefined)
    .join(': ');

const reasonOf = (reason: string | true): string => (reason === true ? 'no reason is given' : reason);

const linesOf = (lines: readonly string[]): string => lines.map((line) => `${line.replaceAll('\n', ' ')}\n`).join('');
