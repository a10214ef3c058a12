import {
  type ExplainedText,
  type Explanation,
  isScored,
  type RenderedText,
  rewardInWords,
  type ScoredText,
  type Token,
} from '../../explanation/explanation.js';
import { tokensInWords } from '../../explanation/text.js';
import { headOf, tailOf, visibleLine, visiblePiece, visibleText } from '../../explanation/visible.js';
import { type Content, html, Markup } from './html.js';
import { count, decimal } from './numbers.js';
import { factList, moment, page } from './page.js';
import { section, table } from './sections/section.js';
import { traceDrawing } from './trace.js';
import { preview } from './visible.js';

const NAME = 120;

/** Of a longer text that was cut, so many UTF-16 units are shown at each end. */
const ENDS_OF_CUT = 2000;

export interface PageFacts {
  /** Version of reward-score. */
  readonly version: string;
  readonly date: Date;
}

/** Writes how a row was scored as one HTML file; the same data gives the same bytes. */
export function renderExplanation(explanation: Explanation, facts: PageFacts): string {
  const { file, row, texts, settings, padToken, notices, hints } = explanation;
  const place = `${file === '-' ? 'standard input' : preview(file, NAME, 'end')}, row ${row}`;
  const rows: Content[][] = settings.map(({ name, value, source }) => [name, visibleLine(value), source]);
  if (padToken !== null) rows.push(['padToken', tokenInLine(padToken), 'right-most ones are passed over']);
  const body = html`<header>
<p class="kicker">How a row was scored</p>
<h1>${place}</h1>
${factList(factsOf(explanation, facts))}
<div class="tiles">${texts.map((text, i) => tile(text, i, explanation))}${explanation.failure !== null && failureTile(explanation.failure)}</div>
${notices.map(({ message }) => html`<p>Notice: ${message}.</p>`)}${hints.map(({ message }) => html`<p>Hint: ${message}.</p>`)}
</header>
${texts.map((text, i) => textSection(text, i, texts.length))}
${section('settings', 'Settings', table('Settings', [{ title: 'Setting' }, { title: 'Value' }, { title: 'From' }], rows, 'spoken'))}`;
  return page(`${place}: explanation`, body, style);
}

function factsOf(explanation: Explanation, { version, date }: PageFacts): [string, Content][] {
  const { model, line, kind, tokens, computedTokens, existing } = explanation;
  return [
    ['Model', preview(model, NAME, 'end')],
    ...(line === null ? [] : [['Line', count(line)] satisfies [string, Content]]),
    ...(kind === null ? [] : [['Kind of row', kind] satisfies [string, Content]]),
    ['Tokens', tokensInWords(tokens, computedTokens)],
    ...(existing === null
      ? []
      : [['Carried already', existing.map(decimalOrNull).join(', ')] satisfies [string, Content]]),
    ['Date', moment(date)],
    ['Made by', `reward-score ${version}`],
  ];
}

const decimalOrNull = (reward: number | null): string => (reward === null ? 'null' : decimal(reward));

const titleOf = (index: number, texts: number): string => (texts === 1 ? 'The text' : `Text ${index + 1} of ${texts}`);

function tile(text: ExplainedText, index: number, { texts, labels }: Explanation): Markup {
  const title = titleOf(index, texts.length);
  if (!isScored(text) || text.reward === null) {
    return html`<div class="tile"><p class="name">${title}</p><p class="value missed">no reward</p></div>`;
  }
  const { judged, tokens, cut } = text;
  const about = `${count(tokens.length)} tokens${cut.tokens.length > 0 ? `, ${count(cut.tokens.length)} more cut` : ''}`;
  return html`<div class="tile"><p class="name">${title}: ${preview(visibleLine(judged.field), 40)}</p><p class="value">${rewardInWords(text.reward, labels, decimalOrNull)}</p>
<p class="range">${about}</p></div>`;
}

const failureTile = ({ code, message }: NonNullable<Explanation['failure']>): Markup =>
  html`<div class="tile"><p class="name">Failed</p><p class="value missed">${code}</p><p class="range">${preview(visibleLine(message), 400)}</p></div>`;

function textSection(text: ExplainedText, index: number, texts: number): Markup {
  const id = `text-${index + 1}`;
  if (!isScored(text)) {
    const { code, message } = text.failure;
    return section(
      id,
      titleOf(index, texts),
      html`<p><b class="missed">${code}</b>: ${preview(visibleLine(message), 400)}</p>`,
    );
  }
  const { judged, trace, tokens } = text;
  const content = judged.author === undefined ? judged.content : `${judged.author}: ${judged.content}`;
  return section(
    id,
    titleOf(index, texts),
    html`<p>Judged: <bdi>${preview(visibleLine(content), 400)}</bdi> <span class="meaning">from ${preview(visibleLine(judged.field), NAME)}</span></p>
${text.first !== null && html`<h3>The first text</h3>${rendered(text.first)}<p>${cutInWords(text.first)}</p>`}
<h3>${text.first === null ? 'The text' : 'The second text'}</h3>
${rendered(text)}
<p>${cutInWords(text)}${lostInWords(text)} ${sharedInWords(text, texts)}</p>
${trace !== null && trace.length > 1 && traceDrawing(trace, tokens)}
<h3>The tokens</h3>
<ol class="tokens">${tokens.map((_, i) => tokenItem(text, i))}</ol>
<p>${readInWords(text)}</p>`,
  );
}

function rendered({ parts, cut }: RenderedText): Markup {
  const cutText = html`<span class="cut">${clipped(cut.text)}</span>`;
  const kept = parts
    .filter((part) => !part.cut)
    .map(({ text, special }) => (special ? html`<mark>${visiblePiece(text)}</mark>` : visibleText(text)));
  const isMarked = parts.some((part) => part.cut);
  const whole: Content[] = !isMarked ? kept : cut.side === 'left' ? [cutText, ...kept] : [...kept, cutText];
  return html`<pre class="rendered" dir="auto">${whole}</pre>`;
}

function clipped(text: string): string {
  if (text.length <= 2 * ENDS_OF_CUT) return visibleText(text);
  const left = count(text.length - 2 * ENDS_OF_CUT);
  return `${visibleText(headOf(text, ENDS_OF_CUT))} [… ${left} characters …] ${visibleText(tailOf(text, ENDS_OF_CUT))}`;
}

const cutInWords = ({ cut }: RenderedText): string =>
  cut.tokens.length === 0
    ? 'Nothing was cut.'
    : `${count(cut.tokens.length)} tokens were cut on the ${cut.side}; they are struck out.`;

const lostInWords = ({ responseStart }: ScoredText): string =>
  responseStart === null ? ' Nothing of the response is left.' : '';

function sharedInWords({ shared }: ScoredText, texts: number): string | undefined {
  if (texts < 2) return undefined;
  return shared === 0
    ? 'It shares no tokens with another text of the row.'
    : `Its first ${count(shared)} tokens are computed once for it and another text of the row.`;
}

const readInWords = ({ pooled }: ScoredText): string =>
  pooled === null
    ? 'The exported graph chooses by a rule of its own where the reward is read.'
    : `The reward is read at token ${count(pooled + 1)}, which is framed.`;

function tokenItem({ tokens, pooled, responseStart, trace }: ScoredText, index: number): Markup {
  const { id, piece, special, added } = tokens[index] as Token;
  const kinds = [
    ...(special || added ? ['special'] : []),
    ...(index === pooled ? ['pooled'] : []),
    ...(responseStart !== null && index >= responseStart ? ['response'] : []),
  ];
  const traced = trace?.[index - (trace[0]?.token ?? 0)];
  const reward = traced && (traced.reward === null ? 'not finite' : decimal(traced.reward));
  return html`<li class="${kinds.join(' ')}"><bdi>${visiblePiece(piece)}</bdi><span>${id}</span>${reward !== undefined && html`<b>${reward}</b>`}</li>`;
}

const tokenInLine = ({ id, piece }: Token): Markup => html`${id} <mark>${visiblePiece(piece)}</mark>`;

const style = new Markup(`
.rendered { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px; margin: 0 0 12px; white-space: pre-wrap; overflow-wrap: anywhere; font: .93rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
mark { background: var(--text); color: var(--page); border-radius: 3px; padding: 0 3px; }
.cut { color: var(--muted); text-decoration: line-through var(--line); }
.tokens { display: flex; flex-wrap: wrap; gap: 4px; list-style: none; margin: 0 0 12px; padding: 0; font: .85rem/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
.tokens li { display: flex; flex-direction: column; align-items: center; min-width: 40px; padding: 2px 6px; background: var(--card); border: 1px solid var(--line); border-radius: 6px; }
.tokens li > span { color: var(--muted); font-size: .75rem; }
.tokens li > b { font-weight: 500; font-size: .75rem; color: var(--model); }
.tokens .response { background: var(--model-band); }
.tokens .special bdi { background: var(--text); color: var(--page); border-radius: 3px; padding: 0 3px; }
.tokens .pooled { outline: 2px solid var(--best); outline-offset: -1px; }
`);
