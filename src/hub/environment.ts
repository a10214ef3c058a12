/** The environment variables of a Hugging Face hub, as the Python library (huggingface_hub) reads them. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { usageError } from '../errors.js';
import { isWindows } from '../platform/environment.js';

const DEFAULT_ENDPOINT = 'https://huggingface.co';
const DEFAULT_TIMEOUT_SECONDS = 10;

export type Variables = Readonly<Record<string, string | undefined>>;

/** How long the server may be silent. */
export interface Timeout {
  readonly ms: number;
  readonly variable: string;
}

export interface HubEnvironment {
  readonly cacheDirectory: string;
  /** The file into which `hf auth login` writes the token. */
  readonly tokenFile: string;
  /** The hub's address, without a slash at its end. */
  readonly endpoint: string;
  /** The variable that forbids the network, if one does. */
  readonly offlineBy: string | undefined;
  /** For requests of a file's metadata. */
  readonly etagTimeout: Timeout;
  /** For the download of a file. */
  readonly downloadTimeout: Timeout;
  readonly symlinks: boolean;
}

/**
 * Reads the variables. One that is set and empty counts as not set. (The Python library would put its cache in the
 * current directory.)
 *
 * @throws FatalError where a variable has an invalid value
 */
export function readHubEnvironment(variables: Variables): HubEnvironment {
  const path = (name: string): string | undefined => (variables[name] ? expand(variables[name], variables) : undefined);
  const userCache = path('XDG_CACHE_HOME') ?? expand('~/.cache', variables);
  const home = path('HF_HOME') ?? join(userCache, 'huggingface');
  return {
    cacheDirectory: resolve(path('HF_HUB_CACHE') ?? path('HUGGINGFACE_HUB_CACHE') ?? join(home, 'hub')),
    tokenFile: resolve(path('HF_TOKEN_PATH') ?? join(home, 'token')),
    endpoint: endpointOf(variables),
    offlineBy: offlineBy(variables),
    etagTimeout: timeout('HF_HUB_ETAG_TIMEOUT', variables),
    downloadTimeout: timeout('HF_HUB_DOWNLOAD_TIMEOUT', variables),
    symlinks: !isTrue(variables.HF_HUB_DISABLE_SYMLINKS),
  };
}

export const isTrue = (value: string | undefined): boolean => /^(1|on|yes|true)$/i.test(value ?? '');

/** Expands `~` at the beginning, then `$NAME` and `${NAME}`; a name that is not set stays as it is. */
function expand(path: string, variables: Variables): string {
  const home = variables[isWindows() ? 'USERPROFILE' : 'HOME'] || homedir();
  return path
    .replace(/^~(?=[/\\]|$)/, () => home)
    .replace(/\$(?:(\w+)|\{([^}]*)\})/g, (written, bare, braced) => variables[bare ?? braced] ?? written);
}

/** HF_HUB_OFFLINE=0 beats TRANSFORMERS_OFFLINE=1. */
function offlineBy(variables: Variables): string | undefined {
  const name = variables.HF_HUB_OFFLINE ? 'HF_HUB_OFFLINE' : 'TRANSFORMERS_OFFLINE';
  return isTrue(variables[name]) ? name : undefined;
}

function timeout(variable: string, variables: Variables): Timeout {
  const text = variables[variable] || '0';
  if (!/^\s*\d{1,6}\s*$/.test(text)) throw usageError(`expected ${variable} to be a number of seconds, got ${text}`);
  return { ms: 1000 * (Number(text) || DEFAULT_TIMEOUT_SECONDS), variable };
}

function endpointOf(variables: Variables): string {
  const text = (variables.HF_ENDPOINT || DEFAULT_ENDPOINT).replace(/\/+$/, '');
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw usageError(`expected HF_ENDPOINT to be an http or https address, got ${text}`);
  }
  // The address is not shown, as it contains a password.
  if (url.username || url.password) throw usageError('expected HF_ENDPOINT without a user name and password in it');
  return text;
}
