/**
 * The tokens that a tokenizer puts around every text: Llama's beginning of text, BERT's [CLS] and [SEP]. The
 * post-processor of tokenizer.json alone names them: where there is one, transformers 5.23.0 does not obey
 * add_bos_token and add_eos_token of tokenizer_config.json.
 */

export interface AddedTokens {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

export const nothingAdded: AddedTokens = { before: [], after: [] };

/** @param postProcessor that of tokenizer.json; the library has refused unknown kinds */
export function addedTokens(postProcessor: unknown): AddedTokens {
  const processor = postProcessor as PostProcessor | null | undefined;
  switch (processor?.type) {
    case 'TemplateProcessing':
      return ofTemplate(processor);
    case 'BertProcessing':
    case 'RobertaProcessing':
      return { before: [processor.cls[1]], after: [processor.sep[1]] };
    case 'Sequence':
      return processor.processors.map(addedTokens).reduce(
        (inner, outer) => ({
          before: [...outer.before, ...inner.before],
          after: [...inner.after, ...outer.after],
        }),
        nothingAdded,
      );
    default:
      return nothingAdded; // ByteLevel only moves offsets.
  }
}

type PostProcessor =
  | TemplateProcessing
  | { readonly type: 'BertProcessing' | 'RobertaProcessing'; readonly cls: NamedId; readonly sep: NamedId }
  | { readonly type: 'Sequence'; readonly processors: readonly unknown[] }
  | { readonly type: 'ByteLevel' };

type NamedId = readonly [token: string, id: number];

interface TemplateProcessing {
  readonly type: 'TemplateProcessing';
  readonly single: readonly ({ readonly SpecialToken: { readonly id: string } } | { readonly Sequence: object })[];
  /** The token ids of each name in the template. */
  readonly special_tokens: Readonly<Record<string, { readonly ids: readonly number[] }>>;
}

function ofTemplate({ single, special_tokens: specialTokens }: TemplateProcessing): AddedTokens {
  const text = single.findIndex((piece) => 'Sequence' in piece);
  const idsOf = (pieces: TemplateProcessing['single']): number[] =>
    pieces.flatMap((piece) => ('SpecialToken' in piece ? (specialTokens[piece.SpecialToken.id]?.ids ?? []) : []));
  return { before: idsOf(single.slice(0, text)), after: idsOf(single.slice(text + 1)) };
}
