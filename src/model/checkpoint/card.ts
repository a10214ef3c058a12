import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { printable } from '../../platform/printable.js';

interface Licence {
  /** The licence that the card names, e.g. `cc-by-nc-4.0`; undefined where it names none. */
  readonly name: string | undefined;
  readonly nonCommercial: boolean;
}

export interface Card {
  /** What the model is, where the card's metadata say so. */
  readonly description: string | undefined;
  readonly licence: Licence;
}

/** Reads the metadata of a model card: the YAML between dashes at the head of README.md. */
export function readCard(directory: string): Card {
  const path = join(directory, 'README.md');
  const card = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const metadata = /^\ufeff?---\r?\n([\s\S]*?)\r?\n---/.exec(card)?.[1] ?? '';
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}:[ \\t]*["']?([^"'#\\r\\n]+?)["']?[ \\t]*(?:#.*)?$`, 'm').exec(metadata)?.[1];
  const name = field('license');
  // `other` has its name in a field of its own.
  const named = name === 'other' ? (field('license_name') ?? name) : name;
  const nonCommercial = /(^|[^a-z])nc([^a-z]|$)|non-?commercial/i.test(named ?? '');
  const description = descriptionIn(metadata);
  return {
    description: description && printable(description, Number.POSITIVE_INFINITY),
    licence: { name: named && printable(named), nonCommercial },
  };
}

/** Reads a description of one line, plain or in double quotes, which YAML reads as JSON does. */
function descriptionIn(metadata: string): string | undefined {
  const line = /^description:[ \t]+([^\s|>'&*!].*?)[ \t]*$/m.exec(metadata)?.[1];
  if (line === undefined || !line.startsWith('"')) return line;
  try {
    return String(JSON.parse(line));
  } catch {
    return undefined;
  }
}
