/** The special tokens that a tokenizer's files name: what chat templates may refer to. */
import { readTokenizerConfig } from './files.js';

const names = ['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token'] as const;

/** By the name of their role, as tokenizer_config.json has them. */
export function readSpecialTokens(directory: string): Readonly<Record<string, string>> {
  const config = readTokenizerConfig(directory) ?? {};
  const found = names.flatMap((name): [string, string][] => {
    const token: unknown = config[name];
    const content = typeof token === 'object' && token !== null ? (token as { content?: unknown }).content : token;
    return typeof content === 'string' ? [[name, content]] : [];
  });
  return Object.fromEntries(found);
}
