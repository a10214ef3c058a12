/**
 * Refuses fields that contradict each other, or what flags say: which of them is meant is not guessed. The only
 * importer of fastest-levenshtein.
 */
import { closest, distance } from 'fastest-levenshtein';
import { optionName } from '../../option-name.js';
import { preview, typeInWords } from '../describe-value.js';
import { failure, type RowFailure, wrongUse } from '../failure.js';
import { valueAt } from '../fields.js';
import type { RowKind } from './kinds.js';
import type { Reading } from './reading.js';
import {
  type Field,
  INSTRUCTION,
  isBareText,
  type NamedFields,
  type Role,
  type Row,
  reachField,
  roles,
  SECOND_TEXT,
  secondTexts,
} from './roles.js';

interface FieldSettings {
  readonly fields: NamedFields;
  readonly reading: Pick<Reading, 'system' | 'kind'>;
}

/** @returns undefined where nothing is wrong */
export function refuseFields(
  row: Row,
  found: ReadonlyMap<Role, Field>,
  kind: RowKind | undefined,
  { fields, reading }: FieldSettings,
): RowFailure | undefined {
  return (
    refuseAbsent(row, fields, reading.system) ??
    refuseRivals(found, kind) ??
    refuseInput(found, kind) ??
    refuseTwoForms(found, kind, fields) ??
    refuseSecondText(row, found, kind, { fields, reading })
  );
}

/** A mistyped name would have something else scored. */
export function refuseAbsent(row: Row, fields: NamedFields, system: string | undefined): RowFailure | undefined {
  if (isBareText(row)) return undefined;
  for (const role of roles) {
    const refused = refuseIfAbsent(row, role, fields[role]);
    if (refused !== undefined) return refused;
  }
  return refuseIfAbsent(row, 'system', system === 'none' ? undefined : system);
}

function refuseIfAbsent(row: Row, option: string, name: string | undefined): RowFailure | undefined {
  if (name === undefined || reachField(row, name) !== undefined) return undefined;
  if (Object.hasOwn(row, name))
    return wrongUse(`expected a value of ${preview(name)} (${optionName(option)}), got null`);
  return wrongUse(absentField(name, option, Object.keys(row)));
}

/**
 * Refuses a row without the field that a flag names for something else than a text: a group, a label, an id. Null is a
 * value of it; a path into an array has to lead somewhere in one of the items.
 */
export function refuseAbsentField(row: Row, option: string, name: string): RowFailure | undefined {
  const value = valueAt(row, name);
  const leadsNowhere = Array.isArray(value) && value.length > 0 && value.every((item) => item === undefined);
  return value === undefined || leadsNowhere ? wrongUse(absentField(name, option, Object.keys(row))) : undefined;
}

/**
 * What is wrong with a name that an option gives.
 *
 * @param names of the fields that there are
 */
export function absentField(name: string, option: string, names: readonly string[]): string {
  return (
    `expected a field ${preview(name)} (${optionName(option)}), got ${names.length === 0 ? 'no fields' : preview(names)}` +
    nearestOf(name, names)
  );
}

/** The name that may have been meant, whatever its case, as the end of a message; empty where none is near. */
function nearestOf(name: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  const [asked, ...keys] = [name, ...names].map((one) => one.trim().toLowerCase()) as [string, ...string[]];
  const near = closest(asked, keys);
  return distance(asked, near) > Math.max(2, name.length / 3) ? '' : `; did you mean ${names[keys.indexOf(near)]}?`;
}

/** What columns are known before any row. */
export interface KnownColumns {
  /** As they are written. */
  readonly names: readonly string[];
  /** They as a list in a message. */
  readonly listed: string;
  /** Whether there is a column of that name, or what a path leads to. */
  readonly has: (name: string) => boolean;
}

/** Where the columns lack one that a flag names, all rows lack it: the message of that. */
export function refuseAbsentColumns({ names, listed, has }: KnownColumns, fields: NamedFields): string | undefined {
  for (const role of roles) {
    const name = fields[role];
    if (name === undefined || has(name)) continue;
    return `expected a column ${preview(name)} (${optionName(role)}), got ${listed}${nearestOf(name, names)}`;
  }
  return undefined;
}

/** What a row needs one of. */
export const FORMS = 'text, messages, or prompt with response, candidates, or chosen and rejected';

/** The message where no row can have any of these. */
export const unfitColumns = ({ listed }: Pick<KnownColumns, 'listed'>): string =>
  `expected columns to score: ${FORMS}; got ${listed}`;

function refuseRivals(found: ReadonlyMap<Role, Field>, kind: RowKind | undefined): RowFailure | undefined {
  if (kind === undefined || kind === 'text') return undefined;
  for (const role of ['prompt', 'response'] as const) {
    const { name, rivals } = found.get(role) ?? {};
    if (rivals !== undefined) {
      return wrongUse(
        `expected one field that is the ${role}, got ${[name, ...rivals].join(' and ')}; say which with ${optionName(role)}`,
      );
    }
  }
  return undefined;
}

/** What stands beside an instruction belongs to it, and is not left out unsaid. */
function refuseInput(found: ReadonlyMap<Role, Field>, kind: RowKind | undefined): RowFailure | undefined {
  const { value, unjoined } = found.get('prompt') ?? {};
  if (kind === undefined || kind === 'text' || unjoined === undefined) return undefined;
  const { name, more } = INSTRUCTION;
  return failure(
    'BAD_ROW',
    typeof unjoined === 'string'
      ? `expected ${name} to be a string, which ${more} follows, got ${typeInWords(value)}`
      : `expected ${more}, which follows ${name}, to be a string, got ${preview(unjoined)}`,
  );
}

/** A text beside the two parts of another: either might be what is meant. */
function refuseTwoForms(
  found: ReadonlyMap<Role, Field>,
  kind: RowKind | undefined,
  fields: NamedFields,
): RowFailure | undefined {
  if (kind !== 'text' || fields.text !== undefined) return undefined;
  const nameOf = (role: Role): string | undefined => found.get(role)?.name;
  for (const [one, other] of [
    ['prompt', 'response'],
    ['chosen', 'rejected'],
  ] as const) {
    if (found.has(one) && found.has(other)) {
      return wrongUse(
        `expected a text, or ${nameOf(one)} and ${nameOf(other)}, got both; say which with ${optionName('text')} ${nameOf('text')} ` +
          `or ${optionName(other)} ${nameOf(other)}`,
      );
    }
  }
  return undefined;
}

/** A second text, where the network reads one, or where the row's form has no place for it. */
function refuseSecondText(
  row: Row,
  found: ReadonlyMap<Role, Field>,
  kind: RowKind | undefined,
  { fields, reading }: FieldSettings,
): RowFailure | undefined {
  if (kind === 'text' && fields.text === undefined && Object.hasOwn(row, SECOND_TEXT)) {
    const text = found.get('text')?.name;
    return wrongUse(
      `expected a text, or the two texts of a pair alone, got ${text}, ${SECOND_TEXT} and others; say which with ${optionName('text')} ${text}, ` +
        `or with ${optionName('prompt')} ${text} ${optionName('response')} ${SECOND_TEXT}`,
    );
  }
  const response = found.get('response')?.name;
  if (kind !== 'response' || reading.kind === 'pair' || fields.response !== undefined) return undefined;
  if (response === undefined || !secondTexts.includes(response)) return undefined;
  const prompt = found.get('prompt')?.name;
  return wrongUse(
    `expected a text or a conversation, got ${prompt} and ${response}, the two texts of a pair, which only encoders read; ` +
      `say what is meant with ${optionName('prompt')} ${prompt} ${optionName('response')} ${response}`,
  );
}
