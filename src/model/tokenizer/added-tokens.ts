/** The tokens that a tokenizer puts around every text: Llama's beginning of text, BERT's [CLS] and [SEP]. */
import { checkMembers, type Step } from './steps.js';

export interface AddedTokens {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

const nothingAdded: AddedTokens = { before: [], after: [] };

const members: Readonly<Record<PostProcessor['type'], readonly string[]>> = {
  TemplateProcessing: ['single', 'pair', 'special_tokens'],
  BertProcessing: ['sep', 'cls'],
  RobertaProcessing: ['sep', 'cls', 'trim_offsets', 'add_prefix_space'],
  Sequence: ['processors'],
  ByteLevel: ['add_prefix_space', 'trim_offsets', 'use_regex'],
};

/**
 * @param step the post-processor of a tokenizer.json whose shape was checked
 * @throws Error where it is of no known kind
 */
export function addedTokens(step: Step | null): AddedTokens {
  if (step === null) return nothingAdded;
  if (!Object.hasOwn(members, step.type)) throw new Error(`Unknown PostProcessor type: ${step.type}`);
  const processor = step as unknown as PostProcessor;
  checkMembers(step, 'post-processor', members[processor.type]);
  switch (processor.type) {
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
    case 'ByteLevel':
      return nothingAdded; // It only moves offsets.
  }
}

type PostProcessor =
  | TemplateProcessing
  | { readonly type: 'BertProcessing' | 'RobertaProcessing'; readonly cls: NamedId; readonly sep: NamedId }
  | { readonly type: 'Sequence'; readonly processors: readonly Step[] }
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
  if (text < 0 || single.filter((piece) => 'Sequence' in piece).length > 1) {
    throw new Error('a template for a text that has it not once');
  }
  const idsOf = (pieces: TemplateProcessing['single']): number[] =>
    pieces.flatMap((piece) => ('SpecialToken' in piece ? (specialTokens[piece.SpecialToken.id]?.ids ?? []) : []));
  return { before: idsOf(single.slice(0, text)), after: idsOf(single.slice(text + 1)) };
}
