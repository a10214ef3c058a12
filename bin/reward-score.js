#!/usr/bin/env node
import module from 'node:module';

if (Number(process.versions.node.split('.')[0]) < 20) {
  process.stderr.write(`reward-score: expected Node.js 20 or newer, got ${process.versions.node}\n`);
  process.exitCode = 2;
} else {
  module.enableCompileCache?.();
  const { runProcess } = await import('../dist/cli/process.js');
  await runProcess();
}
