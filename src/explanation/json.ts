/** An explanation for programs. Names of members do not change; a change would break whoever reads them. */
import { formatRewards, type Reward } from '../rows/results.js';
import { type Explanation, isScored } from './explanation.js';

/** One JSON object on a line of its own; rewards are spelled as `score` writes them. */
export function explanationAsJson(explanation: Explanation): string {
  const { file, row, line, kind, model, settings, texts, existing, labels, ...others } = explanation;
  const written = (reward: Reward | null): unknown => JSON.parse(formatRewards(reward, labels));
  const spelled = {
    file,
    row,
    line,
    kind,
    model,
    settings,
    ...others,
    existing: existing?.map(written) ?? null,
    texts: texts.map((text) =>
      isScored(text)
        ? {
            ...text,
            reward: written(text.reward),
            trace: text.trace?.map(({ token, reward }) => ({ token, reward: written(reward) })) ?? null,
          }
        : text,
    ),
  };
  return `${JSON.stringify(spelled)}\n`;
}
