/** Which files of a repository make a tokenizer, for the download from the hub (WantedFiles of hub/wanted-files.ts). */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The type of the model in config.json decides which class of tokenizer it is. */
const always = [
  ...['tokenizer_config.json', 'special_tokens_map.json', 'added_tokens.json', 'config.json'],
  ...['chat_template.jinja', 'chat_template.json'],
];

export const wantedTokenizerFiles = {
  missingFromRepository: (listed: readonly string[]): string | undefined =>
    listed.includes('tokenizer.json') || listed.includes('vocab.json')
      ? undefined
      : 'a tokenizer (tokenizer.json, or vocab.json and merges.txt)',
  smallFiles(listed: readonly string[]): readonly string[] {
    const vocabulary = listed.includes('tokenizer.json') ? ['tokenizer.json'] : ['vocab.json', 'merges.txt'];
    return [...always, ...vocabulary].filter((name) => listed.includes(name));
  },
  largeFiles: (): readonly string[] => [],
  missingFromSnapshot(snapshot: string): readonly string[] {
    const has = (name: string): boolean => existsSync(join(snapshot, name));
    return has('tokenizer.json') || (has('vocab.json') && has('merges.txt')) ? [] : ['tokenizer.json'];
  },
  isComplete: (snapshot: string): boolean => wantedTokenizerFiles.missingFromSnapshot(snapshot).length === 0,
};
