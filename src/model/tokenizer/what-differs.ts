/** What tokenizer.json says that is not so in the tokenizer that transformers 5.23.0 makes of it, as notices. */
import { printable } from '../../platform/printable.js';
import type { AddedVocabulary } from './added-vocabulary.js';
import { frameOf } from './frames.js';
import type { TokenizerJson, TokenizerSteps } from './shape.js';
import type { Step } from './steps.js';
import { AS_IT_IS } from './tokenizer-class.js';

interface Versions {
  readonly path: string;
  readonly className: string;
  readonly source: TokenizerJson;
  readonly tokenizer: TokenizerSteps;
  readonly added: AddedVocabulary;
  readonly rebuilt: boolean;
}

export function whatDiffers({ path, className, source, tokenizer, added, rebuilt }: Versions): string[] {
  const notices: string[] = [];
  const other = rebuilt
    ? [
        ...(['normalizer', 'pre_tokenizer'] as const).filter(
          (name) => essence(source[name]) !== essence(tokenizer[name]),
        ),
        ...(essenceOfModel(source.model) === essenceOfModel(tokenizer.model) ? [] : ['model']),
        ...(sameAround(source, tokenizer) ? [] : ['post_processor']),
      ]
    : [];
  if (other.length > 0) {
    notices.push(
      `${path}: its ${other.join(', ')} ${other.length === 1 ? 'is' : 'are'} not what its class, ${className}, has: ` +
        `texts are split as that class of transformers 5.23.0 does it; tokenizer_class ${AS_IT_IS} takes the file as it is`,
    );
  }
  const moved = source.added_tokens.find(({ content, id }) => added.idOf(content) !== id);
  if (moved !== undefined) {
    notices.push(
      `${path}: the added token ${printable(moved.content)} has id ${added.idOf(moved.content)}, as in transformers 5.23.0, ` +
        `and not ${moved.id}: an id that leaves a gap behind the vocabulary is not kept`,
    );
  }
  return notices;
}

/** Whether the same tokens stand around a text, and around a pair where the file says how that is put together. */
function sameAround({ post_processor: given }: TokenizerSteps, { post_processor: taken }: TokenizerSteps): boolean {
  const around = (processor: Step | null): string =>
    JSON.stringify([frameOf(processor, 1), ...(hasPairs(given) ? [frameOf(processor, 2)] : [])]);
  return around(given) === around(taken);
}

function hasPairs(processor: Step | null): boolean {
  try {
    frameOf(processor, 2);
    return true;
  } catch {
    return false;
  }
}

/** A step without what has no effect on tokens, and with its defaults. */
function essence(step: Step | null): string {
  return JSON.stringify(flat(step).map(plain));
}

function flat(step: Step | null): Step[] {
  if (step === null) return [];
  const inner = step.type === 'Sequence' ? ((step.normalizers ?? step.pretokenizers) as Step[]) : undefined;
  return inner === undefined ? [step] : inner.flatMap(flat);
}

function plain(step: Step): unknown {
  const { type, trim_offsets: _, str_rep: __, ...members } = step;
  if (type === 'ByteLevel') return [type, members.add_prefix_space ?? false, members.use_regex ?? true];
  if (type === 'Metaspace') {
    const scheme = members.add_prefix_space === false ? 'never' : (members.prepend_scheme ?? 'always');
    return [type, members.replacement, scheme, members.split ?? true];
  }
  return [type, Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1))];
}

/** Which token stands for what is unknown makes no difference where bytes or characters are all known. */
function essenceOfModel(model: Readonly<Record<string, unknown>>): string {
  const {
    continuing_subword_prefix: prefix,
    end_of_word_suffix: suffix,
    byte_fallback: bytes,
    ignore_merges: whole,
  } = model;
  const { unk_id: unknown, max_input_chars_per_word: longest } = model;
  return JSON.stringify([prefix || '', suffix || '', bytes === true, whole === true, unknown ?? null, longest ?? null]);
}
