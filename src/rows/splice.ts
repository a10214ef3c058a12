/** Members that are written into a record after its own, whatever the format. */

/** A field and its value as JSON; undefined where there is none, as for a row that failed. */
export type SplicedMember = readonly [name: string, value: string | undefined];

/** The inside of a JSON object. */
export const membersText = (members: readonly SplicedMember[]): string =>
  members.map(([name, value]) => `${JSON.stringify(name)}:${value ?? 'null'}`).join(',');
