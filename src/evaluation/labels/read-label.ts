/** Reads one label, as people write it, as a number. */

const words: ReadonlyMap<string, number> = new Map([
  ['true', 1],
  ['yes', 1],
  ['false', 0],
  ['no', 0],
]);

/**
 * Reads a number, true or false, yes or no; undefined where it is none of these. A cell of CSV has them as text, and so
 * may JSON.
 *
 * @param positive labels that count as 1, where every other counts as 0 and may be any word
 */
export function readLabel(value: unknown, positive: readonly string[] | undefined): number | undefined {
  const spelled = spellingOf(value);
  if (spelled === undefined) return undefined;
  const number = numberOf(spelled);
  if (positive === undefined) return number ?? words.get(spelled);
  return Number(positive.some((each) => isSame(each.trim(), spelled, number)));
}

function spellingOf(value: unknown): string | undefined {
  if (!['string', 'number', 'boolean'].includes(typeof value)) return undefined;
  const spelled = String(value).trim().toLowerCase();
  return /^([-+]?(nan|inf|infinity))?$/.test(spelled) ? undefined : spelled;
}

const numberOf = (spelled: string): number | undefined =>
  /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/.test(spelled) && Number.isFinite(Number(spelled))
    ? Number(spelled)
    : undefined;

const isSame = (positive: string, spelled: string, number: number | undefined): boolean =>
  positive.toLowerCase() === spelled || (number !== undefined && numberOf(positive.toLowerCase()) === number);
