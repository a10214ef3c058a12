// Loaded before the program: writes what it took to the file that MEASURED names.
import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  process.on('exit', () => {
    const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
    const seconds = (userCPUTime + systemCPUTime) / 1e6;
    writeFileSync(process.env.MEASURED, JSON.stringify({ megabytes: maxRSS / 1024, seconds }));
  });
}
