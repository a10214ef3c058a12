/** Reads the rows that a page lists once more, for their conversations. */
import type { CollectedText } from '../../../evaluation/columns.js';
import type { Provenance } from '../../../evaluation/provenance.js';
import type { ShownText } from '../../../evaluation/shown-rows.js';
import type { Describe } from '../../../report/html/from-evaluation.js';
import type { FormatSettings } from '../../../rows/formats/index.js';
import { Input } from '../../../run/input.js';
import { inspectInputs } from '../../../run/inspect.js';
import { type FoundText, keyOfText, readTextsAgain } from '../../../run/read-again.js';
import type { CommandContext } from '../../context.js';
import type { EvalFlags } from '../../flags/flags.js';
import { explainCommand } from '../explain-command.js';

interface ReadFiles {
  readonly inputs: readonly Input[];
  readonly format: FormatSettings;
  readonly fields: { readonly id?: string | undefined };
}

/**
 * What is known of each text. Of standard input and of pipes, which cannot be read again, it is the beginning of the
 * response.
 */
export async function describeTexts(
  texts: readonly CollectedText[],
  { inputs, format, fields }: ReadFiles,
  flags: EvalFlags,
  context: CommandContext,
  { model, inputs: files }: Pick<Provenance, 'model' | 'inputs'>,
): Promise<Describe> {
  const { maxRowBytes } = flags;
  const found: (ReadonlyMap<string, FoundText> | undefined)[] = [];
  for (const [file, { path, remote, size }] of inputs.entries()) {
    const wanted = texts.filter((text) => text.file === file).map(wantedOf);
    if (size === undefined || wanted.length === 0) continue;
    const input = new Input(remote ?? path, context);
    const { header: _, ...settings } = format;
    const again = await inspectInputs([input], settings, maxRowBytes);
    const signal = new AbortController().signal;
    const source = { input, format: again, id: fields.id, group: undefined, maxRowBytes, signal };
    found[file] = await readTextsAgain(source, wanted);
  }
  /** Nothing is said where it is not known which model it was. */
  const explained = ({ file, row }: CollectedText): readonly string[] | null => {
    const before = files[file]?.scoredBy?.model.name;
    if (model === null && before === undefined) return null;
    return explainCommand((inputs[file] as Input).path, row + 1, flags, context, before);
  };
  return (text, reward): ShownText => {
    const again = found[text.file]?.get(keyOfText(wantedOf(text)));
    return {
      file: (inputs[text.file] as Input).path,
      row: text.row + 1,
      line: text.line,
      candidate: text.index ?? null,
      id: again?.id ?? null,
      reward,
      tokens: text.tokens ?? again?.tokens ?? null,
      cut: text.cut ?? again?.cut ?? null,
      text: text.text,
      conversation: again?.conversation ?? null,
      explain: again === undefined ? null : explained(text),
    };
  };
}

/** The texts of a pair have no number of their own: the chosen one is the first. */
const wantedOf = ({ row, candidate }: CollectedText) => ({ row, candidate });
