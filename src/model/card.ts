import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Licence {
  /** As the card names it, e.g. `cc-by-nc-4.0`; undefined where it names none. */
  readonly name: string | undefined;
  readonly nonCommercial: boolean;
}

/** The licence in the metadata of a model card: the YAML between dashes at the head of README.md. */
export function readLicence(directory: string): Licence {
  const path = join(directory, 'README.md');
  const card = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const metadata = /^\ufeff?---\r?\n([\s\S]*?)\r?\n---/.exec(card)?.[1] ?? '';
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}:[ \\t]*["']?([^"'#\\r\\n]+?)["']?[ \\t]*(?:#.*)?$`, 'm').exec(metadata)?.[1];
  const name = field('license');
  // `other` is explained by a name of its own.
  const named = name === 'other' ? (field('license_name') ?? name) : name;
  return { name: named, nonCommercial: /(^|[^a-z])nc([^a-z]|$)|non-?commercial/i.test(named ?? '') };
}
