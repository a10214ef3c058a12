/** bin/reward-score.js with the compiled files in the bundle's place. */
import { runProcess } from '../../dist/cli/process.js';

await runProcess();
