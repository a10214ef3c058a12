/**
 * OpenRLHF's remote reward model, as its trainer calls one with --reward.remote_url: POST {query, prompts, labels}
 * gives {rewards, scores, extra_logs}, a number for each query, which is prompt and response as one text. Its trainer
 * posts again up to five times after an error, and then continues without a reward.
 *
 * Source: github.com/OpenRLHF/OpenRLHF v0.11.0 (3c3be623): openrlhf/utils/agent.py, _fetch_rewards_via_http, the
 * client; openrlhf/cli/serve_rm.py, its own server. v0.9 joins `rewards` and `scores` of several servers
 * (experience_maker.py).
 */
import { plainError, Refusal } from '../refusal.js';
import type { Dialect } from './dialect.js';
import { Rows, stringAt } from './rows.js';

export const openRlhf: Dialect = {
  server: 'OpenRLHF',
  summary: 'texts: `rewards`, and the same as `scores`',
  fields: {
    query: { schema: { type: 'array', items: { type: 'string' } }, doc: 'whole texts, which are scored as they are' },
    prompts: { schema: { type: 'array' }, doc: 'no reward depends on them' },
    labels: { schema: { type: 'array' }, doc: 'no reward depends on them' },
  },
  read(request, served) {
    const query = request.span('query');
    if (query === undefined || request.kind(query) !== 'an array') {
      const kind = query === undefined ? 'nothing' : request.kind(query);
      throw new Refusal(400, `expected {"query": [...]} with texts, got ${kind} there`);
    }
    const rows = new Rows(request, served);
    let index = 0;
    for (const text of request.elements(query)) rows.addText(stringAt(request, text, `query[${index++}]`));
    return {
      name: 'query',
      lines: rows.lines,
      answer: ({ rewards }) => ({ rewards, scores: rewards, extra_logs: {} }),
    };
  },
  error: plainError,
};
