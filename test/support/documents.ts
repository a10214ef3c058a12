/** The documents of the repository, and the commands in them. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.js';

export interface Document {
  readonly name: string;
  readonly text: string;
}

/** What one block of a document asks to be run. */
export interface Step {
  /** One a line of a block of sh, or a program in JavaScript. */
  readonly commands: readonly string[];
  readonly language: 'sh' | 'js';
  /** What the block under `<!-- output: … -->` shows, where there is one. */
  output?: string;
}

export const documents: readonly Document[] = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => `docs/${name}`),
].map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }));

/** A block, and the comment before it. */
const fence = /^(?:<!-- ([^\n]*) -->\n)?( *)```(\w*)\n([\s\S]*?)^\2```$/gm;

export function stepsOf({ name, text }: Document): Step[] {
  const steps: Step[] = [];
  for (const [, marker = '', indentation, language = '', indented = ''] of text.matchAll(fence)) {
    const content = indented.replaceAll(new RegExp(`^${indentation}`, 'gm'), '');
    assert.doesNotMatch(language, /^(bash|shell|console|zsh)$/, `${name}: commands stand in blocks of sh`);
    if (language === 'sh') {
      steps.push({ language, commands: linesOf(content) });
    } else if (language === 'js') {
      steps.push({ language, commands: [content] });
    } else if (marker.startsWith('output: ')) {
      const last = steps.at(-1);
      assert.ok(last !== undefined && last.output === undefined, `${name}: no commands before ${marker}`);
      last.output = content;
    }
  }
  return steps;
}

/** A line goes on after a backslash. */
const linesOf = (content: string): string[] =>
  content
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));

/** Commands in running text; with brackets or dots they are patterns. */
export const inlineCommandsOf = ({ text }: Document): string[] =>
  [...text.replaceAll(fence, '').matchAll(/`([^`]+)`/g)]
    .map(([, code]) => (code as string).replaceAll(/\s+/g, ' '))
    .filter((code) => /^(npm|npx|node|python3?|reward-score) |^\.ci\/run/.test(code) && !/[[<…]|\.\.\./.test(code));
