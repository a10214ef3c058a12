/** What bin/reward-score.js starts: has Node keep the compiled program where it can, and loads it. */
import module from 'node:module';
import { join } from 'node:path';
import { cacheDirectory } from '../platform/cache-directory.js';

/** A function of Node 22.1 that @types/node of Node 20 does not declare. It reports what fails, and does not throw. */
const { enableCompileCache } = module as typeof module & { enableCompileCache?: (directory: string) => object };

export async function start(): Promise<void> {
  enableCompileCache?.(join(cacheDirectory(), 'compiled'));
  const { runProcess } = await import('./process.js');
  await runProcess();
}
