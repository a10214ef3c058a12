/** Waiting for what another program does and tells nobody. */
import { setTimeout } from 'node:timers/promises';

const LOOK_EVERY_MS = 100;

/** Well above what a busy machine needs. */
const PATIENCE_MS = 600_000;

/**
 * @returns the first answer that is neither undefined nor false
 * @throws Error when there is none for ten minutes, with what `describe` says
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  describe: () => string = () => '',
): Promise<T> {
  const begun = performance.now();
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() - begun > PATIENCE_MS) throw new Error(`waited in vain for ${what}\n${describe()}`);
    await setTimeout(LOOK_EVERY_MS);
  }
}
