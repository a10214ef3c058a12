import { alone, type Clusters } from './clusters.js';
import type { Groups } from './groups.js';

/**
 * An order of rows that depends on their content and not on their places, and the groups and clusters in that order.
 */
export interface CanonicalOrder {
  /** [rows], indices of the rows; those of one cluster are consecutive, and in it those of one group. */
  readonly order: Int32Array;
  readonly clusters: Clusters;
  /** Each row is its own group where none are given. */
  readonly groups: Groups;
}

/**
 * Puts rows in an order such that shuffled rows give the same metrics and the same resamples, to the last bit. Rows are
 * sorted by their values, groups by their rows and clusters by their groups; those that still tie are equal in
 * everything, so that it does not matter which comes first.
 *
 * @param given columns [rows]: all values that a metric may read
 * @param groupOf [rows], a number for each group
 * @param clusterOf [rows], a number for each conversation; a group may not be in two. By default groups are the
 * clusters
 */
export function canonicalOrder(
  given: readonly (Float64Array | undefined)[],
  groupOf: Int32Array | undefined,
  clusterOf: Int32Array | undefined,
): CanonicalOrder {
  const columns = given.filter((column) => column !== undefined);
  const rows = columns[0]?.length ?? 0;
  const byValues = positions(rows, (a, b) => compareAt(columns, a, b));
  if (!groupOf && !clusterOf) {
    const starts = identity(rows + 1);
    return { order: byValues.order, clusters: alone(rows), groups: { starts, clusters: alone(rows) } };
  }
  const groups = lists(byValues.rank, groupOf ?? identity(rows));
  const clusters = lists(groups.rank, clusterOf ? parents(groups.listOf, clusterOf) : identity(groups.rank.length));

  const order = identity(rows).sort((a, b) => {
    const [groupA, groupB] = [groups.listOf[a] as number, groups.listOf[b] as number];
    return (
      (clusters.position[clusters.listOf[groupA] as number] as number) -
        (clusters.position[clusters.listOf[groupB] as number] as number) ||
      (groups.position[groupA] as number) - (groups.position[groupB] as number) ||
      (byValues.position[a] as number) - (byValues.position[b] as number)
    );
  });
  const groupsInOrder = order.map((row) => groups.listOf[row] as number);
  const starts = Int32Array.from([
    ...identity(rows).filter((i) => i === 0 || groupsInOrder[i] !== groupsInOrder[i - 1]),
    rows,
  ]);
  const clusterAt = (group: number) => clusters.position[clusters.listOf[group] as number] as number;
  const count = clusters.position.length;
  return {
    order,
    clusters: { ids: groupsInOrder.map(clusterAt), count },
    groups: {
      starts,
      clusters: { ids: starts.subarray(0, -1).map((start) => clusterAt(groupsInOrder[start] as number)), count },
    },
  };
}

interface Positions {
  readonly order: Int32Array;
  /** The place of each item; no two have the same. */
  readonly position: Int32Array;
  /** The place of each item, but equal items have one rank. */
  readonly rank: Int32Array;
}

function positions(count: number, compare: (a: number, b: number) => number): Positions {
  const order = identity(count).sort(compare);
  const position = new Int32Array(count);
  const rank = new Int32Array(count);
  for (const [i, item] of order.entries()) {
    const before = order[i - 1];
    position[item] = i;
    rank[item] = before !== undefined && compare(before, item) === 0 ? (rank[before] as number) : i;
  }
  return { order, position, rank };
}

/**
 * Sorts lists of members, such as groups of rows, by their content: in lexicographic order, the members of each sorted
 * by rank.
 *
 * @param memberRank [members]
 * @param givenListOf [members], any number for each list
 */
function lists(memberRank: Int32Array, givenListOf: Int32Array): Positions & { readonly listOf: Int32Array } {
  const numbers = new Map<number, number>();
  const listOf = givenListOf.map((list) => {
    const number = numbers.get(list) ?? numbers.size;
    numbers.set(list, number);
    return number;
  });
  const members = identity(listOf.length).sort(
    (a, b) => (listOf[a] as number) - (listOf[b] as number) || (memberRank[a] as number) - (memberRank[b] as number),
  );
  const starts = new Int32Array(numbers.size + 1);
  for (const list of listOf) starts[list + 1] = (starts[list + 1] as number) + 1;
  for (let list = 0; list < numbers.size; list++)
    starts[list + 1] = (starts[list + 1] as number) + (starts[list] as number);

  const compare = (a: number, b: number): number => {
    const [startA, startB] = [starts[a] as number, starts[b] as number];
    const [sizeA, sizeB] = [(starts[a + 1] as number) - startA, (starts[b + 1] as number) - startB];
    for (let i = 0; i < Math.min(sizeA, sizeB); i++) {
      const difference =
        (memberRank[members[startA + i] as number] as number) - (memberRank[members[startB + i] as number] as number);
      if (difference !== 0) return difference;
    }
    return sizeA - sizeB;
  };
  return { listOf, ...positions(numbers.size, compare) };
}

/** [groups], the cluster of each group. */
function parents(groupOf: Int32Array, clusterOf: Int32Array): Int32Array {
  const found = new Map<number, number>();
  for (const [row, group] of groupOf.entries()) {
    const cluster = clusterOf[row] as number;
    if ((found.get(group) ?? cluster) !== cluster) throw new RangeError('Expected each group in one conversation');
    found.set(group, cluster);
  }
  return Int32Array.from({ length: found.size }, (_, group) => found.get(group) as number);
}

function compareAt(columns: readonly Float64Array[], a: number, b: number): number {
  for (const column of columns) {
    const difference = (column[a] as number) - (column[b] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

const identity = (count: number): Int32Array => Int32Array.from({ length: count }, (_, i) => i);
