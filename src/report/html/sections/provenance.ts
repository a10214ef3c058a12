/** Where the numbers of a page come from. */
import type { ModelName, Provenance, ScoredBefore } from '../../../evaluation/provenance.js';
import { type Content, html, type Markup } from '../html.js';
import { count } from '../numbers.js';
import { factList } from '../page.js';
import { shellWord } from '../shell-word.js';
import { preview } from '../visible.js';
import { section, table } from './section.js';

const NAME = 200;
const COMMAND = 1000;
const FILES = 50;

export function provenanceOf(provenance: Provenance): Markup {
  const { model, settings, inputs, baseline, command, runtime, version, date, cut } = provenance;
  const facts: [string, Content][] = [
    ['Model', model === null ? 'none in this run: rows have their rewards already' : nameOf(model)],
    ...(model === null
      ? []
      : ([
          ['Architecture', `${model.architecture}, ${count(model.parameters)} parameters, ${model.precision}`],
          ['SHA-256 of the model', html`<code>${model.sha256}</code>`],
          [
            'Cut',
            cut.rows === 0
              ? 'no row was cut'
              : `${count(cut.rows)} ${cut.rows === 1 ? 'row' : 'rows'} cut by ${count(cut.tokens)} tokens; ${count(cut.tokensLeft)} tokens were left`,
          ],
        ] satisfies [string, Content][])),
    ['Command', html`<code>${preview(command.map(shellWord).join(' '), COMMAND)}</code>`],
    [
      'Made by',
      `reward-score ${version}, Node.js ${runtime.node}${runtime.onnxruntime === null ? '' : `, onnxruntime ${runtime.onnxruntime}`}`,
    ],
    ['Date', date],
  ];
  const files = inputs
    .slice(0, FILES)
    .map(({ path, bytes, sha256, rows, scoredBy }): Content[] => [
      preview(path === '-' ? 'standard input' : path, NAME, 'end'),
      count(rows),
      bytes === null ? 'unknown' : count(bytes),
      model === null || scoredBy !== null ? scoredInWords(scoredBy) : 'scored in this run',
      html`<code>${sha256 ?? 'unknown'}</code>`,
    ]);
  if (baseline !== null) {
    const name = `${preview(baseline.path, NAME, 'end')} (baseline)`;
    files.push([name, count(baseline.rows), '', scoredInWords(baseline.scoredBy), '']);
  }
  const number = 'number' as const;
  const columns = [
    { title: 'File' },
    { title: 'Rows', kind: number },
    { title: 'Bytes', kind: number },
    { title: 'Scored by', kind: 'text' as const },
    { title: 'SHA-256', kind: 'text' as const },
  ];
  return section(
    'provenance',
    'Where these numbers come from',
    factList(facts),
    table('Files', columns, files),
    inputs.length > FILES && html`<p>The first ${FILES} of ${count(inputs.length)} files are listed.</p>`,
    settings.length > 0 &&
      table(
        'Settings of scoring',
        [{ title: 'Setting' }, { title: 'Value' }, { title: 'From' }],
        settings.map(({ name, value, source }) => [name, preview(value, COMMAND), preview(source, NAME)]),
      ),
  );
}

const nameOf = ({ name, revision }: ModelName): Markup =>
  html`${preview(name, NAME, 'end')}${revision !== null && html` at <code>${revision}</code>`}`;

const scoredInWords = (scoredBy: ScoredBefore | null): Content =>
  scoredBy === null
    ? 'unknown'
    : html`${nameOf(scoredBy.model)} <span class="meaning">says ${preview(scoredBy.source, NAME, 'end')}; model <code>${scoredBy.model.sha256}</code></span>`;
