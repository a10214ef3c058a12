import { failure } from '../failure.js';
import { kindOfRow } from '../kinds/kinds.js';
import type { NamedFields } from '../kinds/roles.js';
import { type RewardShape, shapeOf } from '../results.js';
import type { RowFormat } from './format.js';

/** Reads rows for an output whose columns have rewards of one shape: a row that would have others is a bad one. */
export const ofOneShape = (format: RowFormat, shape: RewardShape, fields: NamedFields): RowFormat => ({
  ...format,
  parse(record) {
    const parsed = format.parse(record);
    const kind = parsed?.row && kindOfRow(parsed.row, fields);
    if (parsed === undefined || kind === undefined || shapeOf(kind) === shape) return parsed;
    const message = `expected a row that fits the columns, which have rewards for ${shapesInWords[shape]}, got one of the form ${kind}`;
    return { failure: failure('BAD_ROW', message), ...parsed };
  },
});

const shapesInWords = { single: 'one text', array: 'candidates', pair: 'pairs' } as const;
