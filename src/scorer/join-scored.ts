import { concatBytes } from '../platform/bytes.js';
import type { Form } from '../rows/forms.js';
import { SEAMS_TO_JUDGE } from '../rows/texts.js';
import type { ScoredWindow, WindowAccount } from './protocol.js';

/** Two parts of a window, one after the other, as the whole. */
export const joinScored = (a: ScoredWindow, b: ScoredWindow): ScoredWindow => ({
  bytes: concatBytes([a.bytes, b.bytes]),
  account: joinAccounts(a.account, b.account),
});

function joinAccounts(a: WindowAccount, b: WindowAccount): WindowAccount {
  const forms = { ...a.forms };
  for (const [form, count] of Object.entries(b.forms) as [Form, number][]) forms[form] = (forms[form] ?? 0) + count;
  return {
    rows: a.rows + b.rows,
    forms,
    failed: [...a.failed, ...b.failed.map((failed) => ({ ...failed, row: a.rows + failed.row }))],
    rewards: Float32Array.from([...a.rewards, ...b.rewards]),
    truncatedRows: a.truncatedRows + b.truncatedRows,
    truncatedTokens: a.truncatedTokens + b.truncatedTokens,
    tokens: a.tokens + b.tokens,
    computedTokens: a.computedTokens + b.computedTokens,
    seams: [...a.seams, ...b.seams].slice(0, SEAMS_TO_JUDGE),
  };
}
