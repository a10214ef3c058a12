/** Which formats a run reads and writes, from flags and file names. */
import { usageError } from '../../errors.js';
import type { InputFormat, OutputFormat } from '../../rows/formats/format.js';
import { delimiters } from '../../rows/formats/index.js';
import { contentName } from '../../run/containers.js';
import { isParquet } from '../../run/sniff.js';

const byExtension: Readonly<Record<string, InputFormat>> = {
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  csv: 'csv',
  tsv: 'tsv',
  txt: 'text',
  json: 'json',
  parquet: 'parquet',
};

export interface Formats {
  readonly from: InputFormat;
  readonly to: OutputFormat;
  readonly delimiter: string;
  readonly quoted: boolean;
}

interface FormatFlags {
  /** Where rows are written; undefined where none are. */
  readonly output?: string;
  readonly from?: InputFormat;
  readonly to?: OutputFormat;
  readonly delimiter?: string;
  readonly quote?: 'rfc4180' | 'none';
}

export function chooseFormats(files: readonly string[], flags: FormatFlags): Formats {
  const from = flags.from ?? formatOfNames(files);
  const separated = from === 'csv' || from === 'tsv';
  if (flags.delimiter !== undefined && !separated) {
    throw usageError(`expected --delimiter with CSV input only, the input is ${from}; add --from csv?`);
  }
  const to = flags.to ?? formatOfOutput(flags.output, from);
  const quoted = flags.quote !== 'none';
  if (!quoted && !separated && to !== 'csv' && to !== 'tsv') {
    throw usageError(
      `expected --quote none with CSV or TSV, got ${from} as input and ${to} as output; add --from tsv?`,
    );
  }
  return {
    from,
    to,
    quoted,
    delimiter: flags.delimiter ?? delimiters[from === 'tsv' ? 'tsv' : 'csv'],
  };
}

/** By the end of its name, else as the input is. */
function formatOfOutput(output: string | undefined, from: InputFormat): OutputFormat {
  const extension = output === undefined || output === '-' ? '' : extensionOf(output);
  if (extension === 'json') {
    throw usageError(`${output}: expected an output that ends in .jsonl, as each row is a line, got .json`);
  }
  const named = byExtension[extension];
  if (named !== undefined && named !== 'text' && named !== 'json') return named;
  if (from === 'text' || from === 'json') return 'jsonl';
  return from === 'parquet' && (output === undefined || output === '-') ? 'jsonl' : from;
}

function formatOfNames(files: readonly string[]): InputFormat {
  const formats = new Set(
    files.map((file): InputFormat => byExtension[extensionOf(file)] ?? (isParquet(file) ? 'parquet' : 'jsonl')),
  );
  const [format, other] = formats;
  if (other !== undefined) {
    throw usageError(`expected input files of one format, got ${[...formats].join(' and ')}; say which with --from`);
  }
  return format ?? 'jsonl';
}

/** The extension of a file's content, which may be compressed. */
const extensionOf = (file: string): string => /\.([^./]+)$/.exec(contentName(file))?.[1]?.toLowerCase() ?? '';
