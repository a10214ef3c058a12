/** Reads the user's access token, which is sent to the hub's own address alone (http.ts), and never shown. */
import { readFileSync } from 'node:fs';
import { messageOf, usageError } from '../errors.js';
import { type HubEnvironment, isTrue, type Variables } from './environment.js';

export interface Token {
  readonly value: string;
  /** Where the token comes from, for messages: a variable or a file. */
  readonly source: string;
}

/**
 * Reads HF_TOKEN, else its old name, else the file that `hf auth login` writes; none under
 * HF_HUB_DISABLE_IMPLICIT_TOKEN.
 */
export function readToken(variables: Variables, environment: HubEnvironment): Token | undefined {
  if (isTrue(variables.HF_HUB_DISABLE_IMPLICIT_TOKEN)) return undefined;
  const variable = variables.HF_TOKEN ? 'HF_TOKEN' : 'HUGGING_FACE_HUB_TOKEN';
  return clean(variables[variable], variable) ?? clean(readTokenFile(environment.tokenFile), environment.tokenFile);
}

function readTokenFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw usageError(`${path}: expected a file with an access token (${messageOf(error)})`, { cause: error });
  }
}

function clean(text: string | undefined, source: string): Token | undefined {
  const value = text?.replace(/[\r\n]/g, '').trim();
  if (!value) return undefined;
  // The error of fetch for a header with other characters would quote the token.
  if (!/^[\x21-\x7e]+$/.test(value)) throw usageError(`${source}: expected an access token of ASCII characters`);
  return { value, source };
}
