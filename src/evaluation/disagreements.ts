/** Indices of rows, starting with those on which model and label disagree most. */
export interface Disagreeing {
  /** Rows that are scored high and labelled low. */
  readonly overrated: Int32Array;
  /** Rows that are scored low and labelled high. */
  readonly underrated: Int32Array;
}

/**
 * Finds the rows whose place by reward is farthest from their place by label, both as shares of the rows; tied rows
 * have the middle of their places. Places need no calibrated reward and suit graded labels as well as binary ones.
 *
 * @param rewards [rows], finite
 * @param labels [rows], finite
 * @param most the number of rows of each kind
 */
export function mostDisagreeing(rewards: Float64Array, labels: Float64Array, most: number): Disagreeing {
  const [byReward, byLabel] = [places(rewards), places(labels)];
  const gaps = byReward.map((place, row) => place - (byLabel[row] as number));
  const order = ascending(gaps);
  const positive = order.toReversed().filter((row) => (gaps[row] as number) > 0);
  return {
    overrated: positive.slice(0, most),
    underrated: order.filter((row) => (gaps[row] as number) < 0).slice(0, most),
  };
}

/** Finds the pairs whose rejected response has the larger reward, the largest difference first; ties do not count. */
export function mostReversed(chosen: Float64Array, rejected: Float64Array, most: number): Int32Array {
  const margins = chosen.map((reward, pair) => reward - (rejected[pair] as number));
  return ascending(margins)
    .filter((pair) => (margins[pair] as number) < 0)
    .slice(0, most);
}

/** [values], the place of each among all, from 0 to 1. */
export function places(values: Float64Array): Float64Array {
  const order = ascending(values);
  const found = new Float64Array(values.length);
  for (let from = 0, to = 1; from < order.length; to++) {
    if (values[order[to] as number] === values[order[from] as number]) continue;
    for (const place = (from + to) / 2 / values.length; from < to; from++) found[order[from] as number] = place;
  }
  return found;
}

function ascending(values: Float64Array): Int32Array {
  const order = Int32Array.from({ length: values.length }, (_, i) => i);
  return order.sort((a, b) => (values[a] as number) - (values[b] as number) || a - b);
}
