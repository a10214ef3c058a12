import type { Token, TracedToken } from '../../explanation/explanation.js';
import { visiblePiece } from '../../explanation/visible.js';
import { html, type Markup } from './html.js';
import { count, decimal } from './numbers.js';
import { preview } from './visible.js';

/** Units of the drawing, which has about as many pixels on a phone. */
const WIDTH = 400;
const HEIGHT = 150;
const LEFT = 56;
const MARGIN = 14;

/** The reward over the tokens of a response, as a line; a token without a reward interrupts it. */
export function traceDrawing(trace: readonly TracedToken[], tokens: readonly Token[]): Markup | undefined {
  const rewards = trace.flatMap(({ reward }) => (reward === null ? [] : [reward]));
  if (rewards.length === 0) return undefined;
  const least = rewards.reduce((a, b) => Math.min(a, b));
  const most = rewards.reduce((a, b) => Math.max(a, b));
  const span = most - least || 1;
  const x = (i: number): string => (LEFT + ((WIDTH - LEFT - MARGIN) * i) / Math.max(1, trace.length - 1)).toFixed(1);
  const y = (reward: number): string => (MARGIN + ((HEIGHT - 2 * MARGIN) * (most - reward)) / span).toFixed(1);
  const path = trace
    .map(({ reward }, i) => {
      if (reward === null) return '';
      const begins = (trace[i - 1]?.reward ?? null) === null;
      return `${begins ? 'M' : 'L'}${x(i)} ${y(reward)}`;
    })
    .join('');
  const rule = (reward: number): Markup =>
    html`<line x1="${LEFT}" x2="${WIDTH - MARGIN}" y1="${y(reward)}" y2="${y(reward)}" stroke="var(--grid)"></line>
<text x="${LEFT - 8}" y="${y(reward)}" text-anchor="end" dominant-baseline="middle" font-size="12" fill="var(--muted)">${decimal(reward)}</text>`;
  return html`<figure class="trace"><h3>The reward, if the text ended at each token of the response</h3>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Reward over the tokens of the response">
${rule(most)}${most > least && rule(least)}
<path d="${path}" fill="none" stroke="var(--model)" stroke-width="2" stroke-linejoin="round"></path>
${trace.map(
  ({ token, reward }, i) =>
    reward !== null &&
    html`<circle cx="${x(i)}" cy="${y(reward)}" r="2.5" fill="var(--model)"><title>${nameOf(tokens[token], token)}: ${decimal(reward)}</title></circle>`,
)}
</svg>
<figcaption>A single token says little: the model was trained on whole texts.</figcaption></figure>
`;
}

const nameOf = (token: Token | undefined, index: number): string =>
  `token ${count(index + 1)}, ${preview(visiblePiece(token?.piece ?? ''), 40)}`;
