/** `completion`: prints the script that completes commands and flags in a shell, made from commander's own table. */
import type { Writable } from 'node:stream';
import type { Command } from 'commander';
import { bashScript } from '../completion/bash.js';
import { fishScript } from '../completion/fish.js';
import { placesOf } from '../completion/places.js';
import { zshScript } from '../completion/zsh.js';
import { ExitCode } from '../exit-codes.js';

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

export function printCompletion(shell: keyof typeof scripts, program: Command, stdout: Writable): number {
  stdout.write(scripts[shell](placesOf(program)));
  return ExitCode.ok;
}
