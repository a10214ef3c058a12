/** A text's length in characters (code points), as the baselines judge it; a lone surrogate is one. */
export function textLength(text: string): number {
  let length = 0;
  for (const _ of text) length++;
  return length;
}
