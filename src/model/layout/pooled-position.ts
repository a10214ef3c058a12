/**
 * Index of the token whose reward a row gets: the right-most one that is not the pad token; 0 where there is none.
 *
 * Source: transformers 5.23.0, GPT2ForSequenceClassification.forward (since pull request 35911)
 */
export function pooledPosition(ids: readonly number[], padTokenId: number | undefined): number {
  for (let i = ids.length - 1; i > 0; i--) if (ids[i] !== padTokenId) return i;
  return 0;
}
