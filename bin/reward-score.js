#!/usr/bin/env node
if (Number(process.versions.node.split('.')[0]) < 20) {
  process.stderr.write(`reward-score: expected Node.js 20 or newer, got ${process.versions.node}\n`);
  process.exitCode = 2;
} else {
  try {
    const { start } = await import('../dist/bundle/start.js');
    await start();
  } catch (error) {
    // Before the program is read, nothing of it can say so.
    if (error.code !== 'EMFILE') throw error;
    process.stderr.write(`reward-score: ${error.message}; allow more open files (ulimit -n) and start again\n`);
    process.exitCode = 1;
  }
}
