/**
 * The tokens that a tokenizer puts around a text, or around the two of a pair: Llama's beginning of text, BERT's [CLS] and
 * [SEP]. As the post-processors of the library tokenizers 0.23.3 (processors/) put them there.
 */
import { checkMembers, type Step } from './steps.js';

/** A place in a row: a token that the tokenizer adds, or where the own tokens of a text stand. `type`: its token type id. */
type Slot = { readonly id: number; readonly type: number } | { readonly text: number; readonly type: number };

/** The places of a row, in order. Each of its texts has one. */
export type Frame = readonly Slot[];

/** What the library calls an encoding, of which it joins several to a row. */
type Encoding = readonly Slot[];

interface Processor {
  /** How many tokens it says that it adds to one text, or to two. */
  readonly added: (texts: number) => number;
  readonly process: (encodings: readonly Encoding[]) => readonly Encoding[];
}

/**
 * @param step the post-processor of a tokenizer.json whose shape was checked
 * @param texts 1, or 2 for a pair
 * @throws Error where the post-processor is of no known kind, or does not put each text in one place
 */
export function frameOf(step: Step | null, texts: 1 | 2): Frame {
  const own = Array.from({ length: texts }, (_, text): Encoding => [{ text, type: text }]);
  if (step === null) return own.flat();
  const processor = processorOf(step);
  const frame = processor.process(own).flat();
  const places = frame.flatMap((slot) => ('text' in slot ? [slot.text] : []));
  if (places.length !== texts || own.some((_, text) => !places.includes(text))) {
    throw new Error(
      `a template for ${texts === 1 ? 'a text that has it' : 'a pair of texts that has each of them'} not once`,
    );
  }
  // The library leaves room for as many tokens as processors say, which is not what comes of a template before another.
  if (frame.length !== texts + processor.added(texts))
    throw new Error('a template that another post-processor adds tokens to');
  return frame;
}

const members: Readonly<Record<PostProcessor['type'], readonly string[]>> = {
  TemplateProcessing: ['single', 'pair', 'special_tokens'],
  BertProcessing: ['sep', 'cls'],
  RobertaProcessing: ['sep', 'cls', 'trim_offsets', 'add_prefix_space'],
  Sequence: ['processors'],
  ByteLevel: ['add_prefix_space', 'trim_offsets', 'use_regex'],
};

type PostProcessor =
  | TemplateProcessing
  | { readonly type: 'BertProcessing' | 'RobertaProcessing'; readonly cls: NamedId; readonly sep: NamedId }
  | { readonly type: 'Sequence'; readonly processors: readonly Step[] }
  | { readonly type: 'ByteLevel' };

type NamedId = readonly [token: string, id: number];

type Piece =
  | { readonly SpecialToken: { readonly id: string; readonly type_id: number } }
  | { readonly Sequence: { readonly id: 'A' | 'B'; readonly type_id: number } };

interface TemplateProcessing {
  readonly type: 'TemplateProcessing';
  readonly single: readonly Piece[];
  readonly pair?: readonly Piece[];
  /** The token ids of each name in the template. */
  readonly special_tokens: Readonly<Record<string, { readonly ids: readonly number[] }>>;
}

function processorOf(step: Step): Processor {
  if (!Object.hasOwn(members, step.type)) throw new Error(`Unknown PostProcessor type: ${step.type}`);
  const processor = step as unknown as PostProcessor;
  checkMembers(step, 'post-processor', members[processor.type]);
  switch (processor.type) {
    case 'TemplateProcessing':
      return ofTemplate(processor);
    case 'BertProcessing':
      return ofBert(processor.cls[1], processor.sep[1]);
    case 'RobertaProcessing':
      return ofRoberta(processor.cls[1], processor.sep[1]);
    case 'Sequence': {
      const inner = processor.processors.map(processorOf);
      return {
        added: (texts) => inner.reduce((sum, { added }) => sum + added(texts), 0),
        process: (encodings) => inner.reduce((done, { process }) => process(done), encodings),
      };
    }
    case 'ByteLevel':
      return { added: () => 0, process: (encodings) => encodings }; // It only moves offsets.
  }
}

const ofType = (encoding: Encoding, type: number): Encoding => encoding.map((slot) => ({ ...slot, type }));

function ofBert(cls: number, sep: number): Processor {
  return {
    added: (texts) => texts + 1,
    process: (encodings) =>
      encodings.map((encoding, i) =>
        i === 0 ? [{ id: cls, type: 0 }, ...encoding, { id: sep, type: 0 }] : [...encoding, { id: sep, type: 1 }],
      ),
  };
}

/** Every token is of type 0. */
function ofRoberta(cls: number, sep: number): Processor {
  return {
    added: (texts) => 2 * texts,
    process: (encodings) =>
      encodings.map((encoding, i) => [
        { id: i === 0 ? cls : sep, type: 0 },
        ...ofType(encoding, 0),
        { id: sep, type: 0 },
      ]),
  };
}

function ofTemplate({ single, pair, special_tokens: specialTokens }: TemplateProcessing): Processor {
  const templateFor = (texts: number): readonly Piece[] => {
    const template = texts === 1 ? single : texts === 2 ? pair : undefined;
    if (template === undefined) throw new Error(`a post-processor with no template for ${texts} texts`);
    return template;
  };
  const idsOf = (name: string): readonly number[] => {
    const token = Object.hasOwn(specialTokens, name) ? specialTokens[name] : undefined;
    if (token === undefined) throw new Error(`a template with a token ${JSON.stringify(name)} that has no ids`);
    return token.ids;
  };
  return {
    added: (texts) =>
      templateFor(texts).reduce(
        (sum, piece) => sum + ('SpecialToken' in piece ? idsOf(piece.SpecialToken.id).length : 0),
        0,
      ),
    process: (encodings) =>
      templateFor(encodings.length).map((piece) => {
        if ('SpecialToken' in piece) {
          const { id: name, type_id: type } = piece.SpecialToken;
          return idsOf(name).map((id) => ({ id, type }));
        }
        const { id, type_id: type } = piece.Sequence;
        const encoding = encodings[id === 'A' ? 0 : 1];
        if (encoding === undefined) throw new Error('a template for one text with two of them');
        return ofType(encoding, type);
      }),
  };
}
