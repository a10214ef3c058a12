/** Changes members of a JSON object in its own bytes: all others keep every byte, and their order. */
import { documentValue, objectMembers } from './json-scanner.js';
import { membersText, type SplicedMember } from './splice.js';

/**
 * @param json bytes in which nothing but white space, and perhaps a byte-order mark, is around the object
 * @param members take the place of the object's own of these names, or else come after all of its own; of several of one
 *   name in the object each is replaced, as readers differ in which one they see
 * @param removed the names of members that are left out
 * @returns the object in pieces, with what was around it
 * @throws JsonError where there is no object
 */
export function editObject(
  json: Buffer,
  members: readonly SplicedMember[],
  removed: readonly string[],
): (Buffer | string)[] {
  const values = new Map(members);
  const whole = documentValue(json);
  const replaced = new Set<string>();
  const kept: (Buffer | string)[] = [];
  let firstStart: number | undefined;
  let lastEnd = whole.start + 1;
  for (const { start, name, value } of objectMembers(json, whole)) {
    firstStart ??= start;
    if (!removed.includes(name)) {
      // What stands between two members goes with the second.
      if (kept.length > 0) kept.push(json.subarray(lastEnd, start));
      kept.push(json.subarray(start, value.start));
      kept.push(values.has(name) ? (values.get(name) ?? 'null') : json.subarray(value.start, value.end));
      replaced.add(name);
    }
    lastEnd = value.end;
  }
  const added = membersText(members.filter(([name]) => !replaced.has(name)));
  const comma = kept.length > 0 && added !== '' ? ',' : '';
  return [
    json.subarray(0, firstStart ?? lastEnd),
    ...kept,
    json.subarray(lastEnd, whole.end - 1),
    comma + added,
    json.subarray(whole.end - 1),
  ];
}
