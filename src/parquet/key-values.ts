/** What other programs keep in a file's footer, brought up to the columns that the file now has. */
import { withArrowColumns } from './arrow-schema.js';
import { inOrder } from './in-order.js';
import type { NewColumn } from './new-column.js';

interface ColumnChange {
  readonly added: readonly NewColumn[];
  /** Names of the columns that stay, in order; undefined: all do. */
  readonly kept: readonly string[] | undefined;
}

type Update = (value: string, change: ColumnChange) => string;

/** What is under any other key stays as it is. */
const updates: Readonly<Record<string, Update>> = {
  'ARROW:schema': (value, { added, kept }) => withArrowColumns(value, added, kept),
  huggingface: withFeatures,
  'org.apache.spark.sql.parquet.row.metadata': withSparkFields,
};

/**
 * @returns undefined where the value is not as its program writes it, so that it may not be kept: it would speak of
 *   other columns
 */
export function updatedKeyValue(key: string, value: string, change: ColumnChange): string | undefined {
  const update = Object.hasOwn(updates, key) ? updates[key] : undefined;
  if (update === undefined || (change.added.length === 0 && change.kept === undefined)) return value;
  try {
    return update(value, change);
  } catch {
    return undefined;
  }
}

const dtypes = { number: 'float64', count: 'int64', text: 'string' } as const;

/** Features of the library `datasets`. */
function withFeatures(value: string, { added, kept }: ColumnChange): string {
  const content = JSON.parse(value) as { readonly info?: { features?: Record<string, unknown> } };
  if (content.info?.features === undefined) return value;
  const features = Object.fromEntries(inOrder(Object.entries(content.info.features), kept, ([name]) => name));
  content.info.features = features;
  // Versions before 4 know no List, and later ones read a Sequence as one.
  const listType = value.includes('"List"') ? 'List' : 'Sequence';
  for (const { name, type, isList } of added) {
    const own = { dtype: dtypes[type], _type: 'Value' };
    features[name] = isList ? { feature: own, _type: listType } : own;
  }
  return JSON.stringify(content);
}

const sparkTypes = { number: 'double', count: 'long', text: 'string' } as const;

function withSparkFields(value: string, { added, kept }: ColumnChange): string {
  const content = JSON.parse(value) as { readonly fields: readonly { readonly name: string }[] };
  const fields = added.map(({ name, type, isList }) => ({
    name,
    type: isList ? { type: 'array', elementType: sparkTypes[type], containsNull: true } : sparkTypes[type],
    nullable: true,
    metadata: {},
  }));
  return JSON.stringify({
    ...content,
    fields: [...inOrder(content.fields, kept, ({ name }) => name), ...fields],
  });
}
