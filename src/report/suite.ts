/** The table of a published suite, for a person and as JSON. */
import { isDefined } from '../evaluation/metric.js';
import type { Provenance } from '../evaluation/provenance.js';
import type { SuiteResult } from '../evaluation/suites/index.js';
import type { RowCounts } from './json.js';
import { counted, ends, many, short } from './numbers.js';
import { clipped, table, wrapped } from './text-layout.js';

/** @param resamples how many the intervals are from */
export function suiteInWords(result: SuiteResult, { rows, failed }: RowCounts, resamples: number): string {
  const { title, source, lines, clusters } = result;
  const bad = failed > 0 ? `, ${many(failed)} of them bad` : '';
  const defined = lines.filter((line) => isDefined(line.result));
  const parts = [
    `${title}: ${counted(rows, 'row')}${bad}; computed as in ${source}\n` +
      `95 % intervals from ${many(resamples)} resamples of ${counted(clusters, 'prompt')}`,
    ...(['subset', 'section', 'whole'] as const).map((level) => {
      const own = defined.filter((line) => line.level === level);
      if (own.length === 0) return '';
      return table([
        [level === 'whole' ? '' : level, 'value', '95 % interval', 'n'],
        ...own.map(({ name, result }) =>
          isDefined(result) ? [clipped(name), short(result.value), ends(result), many(result.n)] : [name, '', '', ''],
        ),
      ]);
    }),
    lines
      .flatMap(({ name, result }) => (isDefined(result) ? [] : wrapped(`not computed: ${name}: ${result.reason}`, '')))
      .join('\n'),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

export function suiteAsJson(result: SuiteResult, counts: RowCounts, provenance: Provenance): string {
  const { suite, title, source, clusters, lines } = result;
  const value = {
    suite,
    title,
    source,
    lines: lines.map(({ name, level, result }) => ({ name, level, ...result })),
    ...counts,
    clusters,
    provenance,
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}
