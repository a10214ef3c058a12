/** What bin/reward-score.js starts: has Node keep the compiled program where it can, and loads it. */
import { mkdirSync } from 'node:fs';
import module from 'node:module';
import { join } from 'node:path';
import { cacheDirectory } from '../platform/cache-directory.js';
import { environment } from '../platform/environment.js';

export async function start(): Promise<void> {
  keepCompiled();
  const { runProcess } = await import('./process.js');
  await runProcess();
}

/** From Node 22.1 on. Where nothing can be kept, the program is compiled anew. */
function keepCompiled(): void {
  // @types/node of Node 20 does not declare it.
  const { enableCompileCache } = module as typeof module & { enableCompileCache?: (directory: string) => object };
  if (enableCompileCache === undefined) return;
  try {
    const directory = join(cacheDirectory(), 'compiled');
    // Not left to Node: 26.10 never returns where the parent is there and the directory still cannot be made (/proc/name).
    mkdirSync(directory, { recursive: true });
    enableCompileCache(directory);
    // Threads learn of it in this way alone.
    environment().NODE_COMPILE_CACHE ??= directory;
  } catch {
    // The disk is full or read-only, or there is no home.
  }
}
