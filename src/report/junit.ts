/** JUnit XML, as CI systems show it: a test case for the run and one for each threshold. */
import type { Verdict } from '../evaluation/thresholds.js';
import { demand, missInWords } from './verdicts.js';

export interface RunCase {
  readonly rows: number;
  readonly failed: number;
  /** Whether bad rows do not fail the test case (--exit-zero). */
  readonly forgiven: boolean;
  /** Why the run did not finish; undefined where it did. */
  readonly error?: string | undefined;
}

const SUITE = 'reward-score eval';

export function junitXml(run: RunCase, verdicts: readonly Verdict[]): string {
  const cases = [
    testCase('all rows are evaluated', problemOf(run)),
    ...verdicts.map((verdict) =>
      testCase(
        demand(verdict),
        verdict.missed ? element('failure', { type: 'threshold', message: missInWords(verdict) }) : undefined,
      ),
    ),
  ];
  const tests = String(cases.length);
  const errors = run.error === undefined ? '0' : '1';
  const failures = String(cases.filter((each) => each.includes('<failure ')).length);
  const counts = { tests, failures, errors };
  const suite = element('testsuite', { name: SUITE, ...counts, skipped: '0' }, cases);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('testsuites', { name: SUITE, ...counts }, [suite])}\n`;
}

function problemOf({ rows, failed, forgiven, error }: RunCase): string | undefined {
  if (error !== undefined) return element('error', { type: 'run', message: error });
  if (failed === 0 || forgiven) return undefined;
  return element('failure', { type: 'rows', message: `${failed} of ${rows} rows are bad` });
}

const testCase = (name: string, problem: string | undefined): string =>
  element('testcase', { classname: SUITE, name }, problem === undefined ? [] : [problem]);

function element(name: string, attributes: Readonly<Record<string, string>>, inside: readonly string[] = []): string {
  const start = `<${name}${Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${escaped(value)}"`)
    .join('')}`;
  if (inside.length === 0) return `${start}/>`;
  return `${start}>\n${inside.map((each) => each.replaceAll(/^/gm, '  ')).join('\n')}\n</${name}>`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/**
 * Replaces characters that XML 1.0 cannot represent by U+FFFD; white space that a parser would normalise is a
 * reference.
 */
const escaped = (text: string): string =>
  text
    .replaceAll(/[&<>"]/g, (character) => entities[character] as string)
    .replaceAll(/[\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`)
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd');
