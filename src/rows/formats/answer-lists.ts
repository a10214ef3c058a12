/** Rows of published suites whose `chosen` and `rejected` are lists of answers, read as rows with candidates. */
import { typeInWords } from '../describe-value.js';
import { failure, type RowFailure } from '../failure.js';
import type { Row } from '../kinds/roles.js';
import type { ParsedRecord, RowFormat } from './format.js';

export interface AnswerLists {
  /** How many answers each list has; undefined: any number, but for none. */
  readonly each?: number;
}

/** The fields of the row that is made. */
export const answerListFields = { candidates: 'candidates', label: 'label' } as const;

/** The candidates are the chosen answers and then the rejected ones; their labels are 1 and 0. */
export const readAnswerLists = (format: RowFormat, lists: AnswerLists): RowFormat => ({
  ...format,
  parse(record) {
    const parsed = format.parse(record);
    return parsed?.row === undefined || parsed.failure !== undefined
      ? parsed
      : { ...parsed, ...made(parsed.row, lists) };
  },
});

function made(row: Row, lists: AnswerLists): Pick<ParsedRecord, 'row' | 'failure'> {
  const { chosen, rejected, ...others } = row;
  const problem = problemOf('chosen', chosen, lists) ?? problemOf('rejected', rejected, lists);
  if (problem !== undefined) return { row, failure: problem };
  const [good, poor] = [chosen as readonly unknown[], rejected as readonly unknown[]];
  return {
    row: {
      ...others,
      [answerListFields.candidates]: [...good, ...poor],
      [answerListFields.label]: [...good.map(() => 1), ...poor.map(() => 0)],
    },
  };
}

function problemOf(name: string, value: unknown, { each }: AnswerLists): RowFailure | undefined {
  const expected = `expected ${name} to be a list of ${each === undefined ? 'answers' : `${each} answers`} (the suite's form)`;
  if (!Array.isArray(value)) return failure('BAD_ROW', `${expected}, got ${typeInWords(value)}`);
  if (value.length === 0 || (each !== undefined && value.length !== each)) {
    return failure('BAD_ROW', `${expected}, got ${value.length}`);
  }
  return undefined;
}
