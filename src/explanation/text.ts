/** An explanation as a person reads it at a terminal. */
import { stripVTControlCharacters } from 'node:util';
import { optionName } from '../option-name.js';
import { formatReward } from '../rows/results.js';
import {
  type ExplainedText,
  type Explanation,
  isScored,
  type RenderedText,
  rewardInWords,
  type ScoredText,
  type Token,
} from './explanation.js';
import type { Paint } from './paint.js';
import { headOf, tailOf, visibleLine, visiblePiece, visibleText } from './visible.js';

/** Of a longer text that was cut, or kept, so many UTF-16 units are shown at each end. */
const ENDS_OF_CUT = 120;
const ENDS_OF_KEPT = 4000;

/** Of a longer list, so many tokens are shown at each end. */
const ENDS_OF_LIST = 128;

const NAME_WIDTH = 10;
const SETTING_WIDTH = 14;
/** A token's id and its piece. */
const ID_WIDTH = 7;
const PIECE_WIDTH = 13;

export interface TextSettings {
  readonly paint: Paint;
  /** Characters of a line. */
  readonly width: number;
}

export function explanationInWords(explanation: Explanation, settings: TextSettings): string {
  const { texts } = explanation;
  const parts = [
    headOfAll(explanation, settings),
    settingsTable(explanation, settings),
    ...texts.map((text, i) => textInWords(text, i, explanation, settings)),
  ];
  return `${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function headOfAll(explanation: Explanation, { paint }: TextSettings): string[] {
  const { file, row, line, kind, texts, tokens, computedTokens, existing, notices, hints, failure } = explanation;
  const place = `${file === '-' ? 'standard input' : visibleLine(file)}, row ${row}`;
  const what = kind === null ? [] : [`${kind}, ${counted(texts.length, 'text')}`];
  const facts = [
    named('row', [line === null ? '' : `line ${many(line)}`, ...what].filter(Boolean).join(': ')),
    ...(tokens > 0 ? [named('tokens', tokensInWords(tokens, computedTokens))] : []),
    ...(existing === null ? [] : [named('carried', `${existing.map(formatReward).join(', ')}, in the row already`)]),
    ...notices.map(({ message }) => named('notice', message)),
    ...hints.map(({ message }) => named('hint', message)),
    ...(failure === null ? [] : [named('failed', paint.bad(`${failure.code}: ${visibleLine(failure.message)}`))]),
  ];
  return [paint.heading(place), ...facts];
}

/** How many tokens the texts have, and how many the network computes: fewer where texts share some, more with padding. */
export const tokensInWords = (tokens: number, computed: number): string =>
  computed > tokens
    ? `${many(tokens)}, and ${many(computed)} are computed with padding`
    : `${many(tokens)}, of which ${many(computed)} are computed`;

function settingsTable({ model, settings, padToken }: Explanation, { paint }: TextSettings): string[] {
  const rows = [
    ...settings.map(({ name, value, source }): [string, string, string] => [name, visibleLine(value), source]),
    ...(padToken === null ? [] : [['padToken', `${padToken.id} ${pieceOf(padToken, paint)}`, ''] as const]),
  ];
  const width = Math.max(0, ...rows.map(([, value, source]) => (source === '' ? 0 : value.length)));
  return [
    named('model', visibleLine(model), SETTING_WIDTH),
    ...rows.map(([name, value, source]) =>
      named(name, source === '' ? value : `${value.padEnd(width)}  ${paint.faint(visibleLine(source))}`, SETTING_WIDTH),
    ),
  ];
}

function textInWords(
  text: ExplainedText,
  index: number,
  { texts, labels }: Explanation,
  settings: TextSettings,
): string[] {
  const { paint } = settings;
  const title = texts.length === 1 ? 'the text' : `text ${index + 1} of ${texts.length}`;
  if (!isScored(text)) {
    const { code, message } = text.failure;
    return [paint.heading(title), named('failed', paint.bad(`${code}: ${visibleLine(message)}`))];
  }
  const { judged, tokens, reward, failure, shared, trace } = text;
  const content = judged.author === undefined ? judged.content : `${judged.author}: ${judged.content}`;
  return [
    paint.heading(title),
    named('judged', `${visibleLine(judged.field)}: ${clippedLine(content)}`),
    named(
      'reward',
      failure === null ? rewardInWords(reward, labels, formatReward) : paint.bad(`${failure.code}: ${failure.message}`),
    ),
    ...(text.first === null
      ? []
      : [...renderedText('first text', text.first, paint), named('cut', cutInWords(text.first))]),
    ...renderedText(text.first === null ? 'text' : 'second text', text, paint),
    named('cut', cutInWords(text, lostInWords(text))),
    ...addedInWords(text, paint),
    named('tokens', `${many(tokens.length)}${sharedInWords(shared, texts.length)}`),
    ...tokenGrid(text, sameAsFirst(text, texts), settings),
    named('pooled', pooledInWords(text, paint)),
    ...(trace === null ? [] : traceTable(text, paint)),
  ];
}

/** The text between two lines of its own, what was cut of it faint and without its middle. */
function renderedText(title: string, { parts, cut }: RenderedText, paint: Paint): string[] {
  const isMarked = parts.some((part) => part.cut);
  const piece = ({ text, special }: RenderedText['parts'][number]): string =>
    special ? paint.special(visiblePiece(text)) : visibleText(text);
  const cutText = paint.faint(clipped(cut.text, ENDS_OF_CUT));
  const cutShown = `${paint.faint('[cut: ')}${cutText}${paint.faint(']')}`;
  const keptParts = parts.filter((part) => !part.cut);
  const length = keptParts.reduce((sum, { text }) => sum + text.length, 0);
  const kept =
    length > 2 * ENDS_OF_KEPT
      ? clipped(keptParts.map(({ text }) => text).join(''), ENDS_OF_KEPT)
      : keptParts.map(piece).join('');
  const sides = cut.side === 'left' ? [cutShown, kept] : [kept, cutShown];
  const whole = isMarked ? sides.join('') : kept;
  return [
    title,
    ...whole
      .replace(/\n$/, '')
      .split('\n')
      .map((line) => `  ${line}`),
  ];
}

function cutInWords({ cut, parts }: RenderedText, lost = ''): string {
  const { tokens, side, text } = cut;
  if (tokens.length === 0) return 'nothing';
  const where = parts.some((part) => part.cut) ? '' : `: ${clipped(text, ENDS_OF_CUT).replaceAll('\n', '')}`;
  return `${counted(tokens.length, 'token')} at the ${side}${lost}${where}`;
}

const lostInWords = ({ responseStart }: ScoredText): string =>
  responseStart === null ? '; nothing of the response is left' : '';

function addedInWords({ tokens, first }: ScoredText, paint: Paint): string[] {
  const added = tokens.filter((token) => token.added);
  if (added.length === 0) return [];
  return [
    named(
      'added',
      `${added.map((token) => pieceOf(token, paint)).join(' ')} by the tokenizer, around the ${first === null ? 'text' : 'two texts'}`,
    ),
  ];
}

function sharedInWords(shared: number, texts: number): string {
  if (texts < 2) return '';
  return shared === 0
    ? ', none of them shared with another text of the row'
    : `, the first ${many(shared)} of them computed once for this and another text of the row`;
}

function pooledInWords({ tokens, pooled }: ScoredText, paint: Paint): string {
  const token = pooled === null ? undefined : tokens[pooled];
  if (token === undefined) return 'by a rule of the exported graph, which is not known';
  return `token ${many((pooled as number) + 1)}: ${paint.pooled(`${token.id} ${pieceOf(token, paint)}`)}`;
}

/** How many tokens at a text's beginning are those of the first text, which are listed there; 0 for the first one. */
function sameAsFirst({ tokens }: ScoredText, texts: readonly ExplainedText[]): number {
  const first = texts.find(isScored)?.tokens ?? [];
  if (first === tokens) return 0;
  const end = tokens.findIndex(({ id }, i) => first[i]?.id !== id);
  return end < 0 ? tokens.length : end;
}

/**
 * The tokens in columns, each line after the number of its first one.
 *
 * @param same tokens at the beginning that are listed already
 */
function tokenGrid({ tokens, pooled }: ScoredText, same: number, { paint, width }: TextSettings): string[] {
  const columns = Math.max(1, Math.floor((width - NAME_WIDTH) / (ID_WIDTH + 1 + PIECE_WIDTH)));
  const range = same < 2 ? '' : same === tokens.length ? 'all of them' : `1 to ${many(same)}`;
  const above = range === '' ? [] : [`${' '.repeat(NAME_WIDTH)} ${range} as in the first text above`];
  const from = above.length === 0 ? 0 : same;
  const lines = shownIndices(tokens.length - from, columns).map((places) => {
    if (places === undefined) return leftOut(tokens.length - from - 2 * ENDS_OF_LIST);
    const indices = places.map((place) => from + place);
    const cells = indices.map((i) => {
      const token = tokens[i] as Token;
      const shown = pieceOf(token, paint);
      const padding = ' '.repeat(Math.max(1, PIECE_WIDTH - [...stripVTControlCharacters(shown)].length));
      const cell = `${paint.faint(String(token.id).padStart(ID_WIDTH))} ${shown}`;
      return (i === pooled ? paint.pooled(cell) : cell) + padding;
    });
    return `${String((indices[0] as number) + 1).padStart(NAME_WIDTH - 2)} ${cells.join('').trimEnd()}`;
  });
  return [...above, ...lines];
}

function traceTable({ tokens, trace, pooled }: ScoredText, paint: Paint): string[] {
  const entries = trace ?? [];
  const lines = shownIndices(entries.length, 1).map((indices) => {
    const index = indices?.[0];
    if (index === undefined) return leftOut(entries.length - 2 * ENDS_OF_LIST);
    const { token, reward } = entries[index] as (typeof entries)[number];
    const before = entries[index - 1]?.reward ?? null;
    const change = reward === null || before === null ? '' : signed(reward - before);
    const line =
      `${String(token + 1).padStart(NAME_WIDTH - 2)} ${paint.faint(String((tokens[token] as Token).id).padStart(ID_WIDTH))} ` +
      `${(reward === null ? 'not finite' : formatReward(reward)).padStart(14)} ${change.padStart(10)}  `;
    const piece = pieceOf(tokens[token] as Token, paint);
    return line + (token === pooled ? paint.pooled(piece) : piece);
  });
  return ['trace, the reward if the text ended at each token of the response:', ...lines];
}

/** Indices in lines; undefined in the place of what is left out between the two ends. */
function shownIndices(count: number, columns: number): (number[] | undefined)[] {
  const range = (from: number, to: number): number[][] =>
    Array.from({ length: Math.ceil((to - from) / columns) }, (_, line) =>
      Array.from({ length: Math.min(columns, to - from - line * columns) }, (__, i) => from + line * columns + i),
    );
  if (count <= 2 * ENDS_OF_LIST) return range(0, count);
  return [...range(0, ENDS_OF_LIST), undefined, ...range(count - ENDS_OF_LIST, count)];
}

const leftOut = (tokens: number): string =>
  `${' '.repeat(NAME_WIDTH)}... ${counted(tokens, 'token')} left out here; ${optionName('json')} lists all`;

const named = (name: string, value: string, width = NAME_WIDTH): string => `${name.padEnd(width)} ${value}`.trimEnd();

const pieceOf = ({ piece, special, added }: Token, paint: Paint): string =>
  special || added ? paint.special(visiblePiece(piece)) : visiblePiece(piece);

/** A text without its middle where it is long. */
function clipped(text: string, ends: number): string {
  if (text.length <= 2 * ends) return visibleText(text);
  const left = text.length - 2 * ends;
  return `${visibleText(headOf(text, ends))} [... ${many(left)} characters ...] ${visibleText(tailOf(text, ends))}`;
}

const clippedLine = (text: string): string => clipped(text, ENDS_OF_CUT).replaceAll('\n', '');

const signed = (value: number): string => `${value < 0 ? '' : '+'}${value.toFixed(4)}`;

const many = (count: number): string => count.toLocaleString('en-US');

const counted = (count: number, noun: string): string => `${many(count)} ${noun}${count === 1 ? '' : 's'}`;
