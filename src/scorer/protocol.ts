/** Everything that crosses between the main thread and the workers. Plain data: an Error would lose its class and fields. */
import type { FatalKind } from '../errors.js';
import type { EvaluatedRow, EvaluationFields } from '../evaluation/evaluated-rows.js';
import type { RowExplanation } from '../explanation/explanation.js';
import type { Activation } from '../model/activation.js';
import type { PadOfTokenizer } from '../model/architectures/family-facts.js';
import type { CheckpointSources } from '../model/checkpoint/checkpoint.js';
import type { ExportedReady } from '../model/exported/open.js';
import type { LayoutFacts } from '../model/layout/choose-layout.js';
import type { Preparation } from '../model/precision.js';
import type { PreparedModel } from '../model/prepared/prepare.js';
import type { SharedTokenizer } from '../model/tokenizer/shared-tokenizer.js';
import type { AddedTexts, TruncationSide } from '../model/tokenizer/tokenizer.js';
import type { OptionSpelling } from '../option-name.js';
import type { EndableThreadData } from '../platform/native-code.js';
import type { FailedRow } from '../rows/failed-row.js';
import type { RowFailure } from '../rows/failure.js';
import type { FormatSettings } from '../rows/formats/index.js';
import type { RowKind } from '../rows/kinds/kinds.js';
import type { LastSpeaker, TemplateKind } from '../rows/kinds/reading.js';
import type { HintCode, NoticeCode } from '../rows/notices.js';
import type { Position } from '../rows/records.js';
import type { RowResult } from '../rows/results.js';
import type { ChoiceCounts } from '../selection/gains.js';
import type { SelectionSettings } from '../selection/settings.js';

/** What a row's reward depends on besides the row and the model's weights. */
export interface ScoringSettings {
  readonly maxLength: number;
  readonly truncationSide: TruncationSide;
  /** Tokens kept free of the prompt, for a response; 0: a text is cut as a whole. */
  readonly reserve: number;
  readonly activation: Activation;
  /** What is asked of a language model in place of a reward head; undefined: the model has a head of its own. */
  readonly head: string | undefined;
  /** Which label's logit is the reward; `all`: each has a reward. */
  readonly logit: number | 'all';
  readonly labels: number;
  readonly vocabularySize: number;
  /** As config.json says, or else the family's default. */
  readonly padTokenId: number | PadOfTokenizer | undefined;
  readonly eosTokenId: number | undefined;
  readonly template: TemplateSettings;
  /** The day that the template prints, as YYYY-MM-DD: one for all workers; undefined if it prints none. */
  readonly templateDate: string | undefined;
  /** Whose message may be the last of messages. */
  readonly lastSpeaker: LastSpeaker;
  /** The author of a response, where the row names none; undefined: it follows from the other authors. */
  readonly botName: string | undefined;
  /** The author of a string prompt, and of messages without one. */
  readonly userName: string | undefined;
  /** The field of a system message; `none`: there is none; undefined: `system`, where a template has room for it. */
  readonly system: string | undefined;
}

/** How messages become text. */
export interface TemplateSettings {
  /** As a summary names it. */
  readonly name: string;
  readonly kind: TemplateKind;
  /** The source of a Jinja template; undefined for one that is built in. */
  readonly jinja?: string;
}

/** What workers make of the rows of a window, beside the statistics. */
type AnswerKind =
  /** Output records in the format; `results`: and the rows' results, with their tokens and every label's logit. */
  | { readonly kind: 'records'; readonly results?: boolean }
  /** Output records of the groups' best candidates. */
  | { readonly kind: 'selection'; readonly selection: SelectionSettings }
  /** The rows' results, for programs. */
  | { readonly kind: 'results' }
  /** What an evaluation needs of the rows. */
  | { readonly kind: 'evaluation'; readonly fields: EvaluationFields }
  /** How the row that begins at this byte of its file was scored; `trace`: with the reward at each token. */
  | { readonly kind: 'explanation'; readonly byte: number; readonly trace: boolean };

/** How windows are read and answered: the same for all windows that a pool scores. */
export interface WindowTask {
  readonly format: FormatSettings;
  readonly answer: AnswerKind;
  /** The longest record that is read, in bytes. */
  readonly maxRowBytes: number;
  /** Tokens are counted, and nothing is scored. */
  readonly dryRun: boolean;
  /** Whether a row that there is a notice about is a bad one. */
  readonly strict: boolean;
}

/** A run of consecutive records of one file: the unit of work, of ordering, of progress, of resume and of sharding. */
export interface Window extends Position {
  readonly index: number;
  /** Which input file, from 0. */
  readonly file: number;
  /** Whole records, line ends included; of a record over the size limit, the line end alone. */
  readonly bytes: Uint8Array;
  /** Length of the record over the size limit that the window consists of. */
  readonly oversized?: number;
  /** The file ended here, and may go on one day. */
  readonly open: boolean;
  /** Only so many rows are written and counted; the others are scored beside them. Default: all. */
  readonly rows?: number;
}

/** What happened in a window, for the summary. */
export interface WindowStats {
  readonly rows: number;
  readonly forms: Readonly<Partial<Record<RowKind, number>>>;
  readonly failed: readonly FailedRow[];
  /** How many texts have a reward. */
  readonly rewardsWritten: number;
  /** Every reward written, in order; none where each label has one. */
  readonly rewards: Float32Array;
  readonly truncatedRows: number;
  /** Of the texts' own. */
  readonly truncatedTokens: number;
  /** Tokens of the texts after truncation, those that the tokenizer adds included. */
  readonly tokens: number;
  /** Tokens that went through the network. */
  readonly computedTokens: number;
  /** For a dry run, how long the network would take, in units of one token that sees no others. */
  readonly work?: number;
  /** How many rows each of them was about. */
  readonly notices: Readonly<Partial<Record<NoticeCode, number>>>;
  readonly hints: Readonly<Partial<Record<HintCode, number>>>;
  /** Of the first rows of prompt and response joined, in order: whether white space stands at the boundary. */
  readonly boundarySpaces: readonly boolean[];
  /** How many rows are of each input; undefined where all are of the window's. */
  readonly rowsByFile?: readonly number[];
  /** Rows of which something was written; undefined where none is left out. */
  readonly kept?: number;
  /** What `best` chose. */
  readonly choices?: ChoiceCounts;
}

/** The result of one row, with what a caller needs to tell which row it was. */
export interface RowOutcome {
  readonly line: number | null;
  readonly result: RowResult;
  /** The result that the row carries already, where the task is `results`. */
  readonly existing?: RowResult;
  /** The row was never parsed, and must not be: it ended every thread that tried. */
  readonly unparsed?: boolean;
}

/** The answer for a window. */
export interface ScoredWindow {
  /** Output records; empty where the task asks for something else. */
  readonly output: Uint8Array;
  readonly stats: WindowStats;
  /** One for each row, where the task asks for results, or the window is a part of one that is answered as a whole. */
  readonly outcomes?: readonly RowOutcome[];
  /** One for each row, where the task is `evaluation`; null for a bad row. */
  readonly evaluated?: readonly (EvaluatedRow | null)[];
  /** Where the task is `explanation`, and the row is in the window. */
  readonly explanation?: RowExplanation;
}

/** Where a model stands: a checkpoint's directory, or a graph that another tool exported. */
export type ModelLocation =
  | {
      readonly kind: 'checkpoint';
      readonly directory: string;
      readonly sources: CheckpointSources;
      /** Which tokens the words of a head are. */
      readonly tokenizerDirectory: string;
      readonly preparation: Preparation;
    }
  | { readonly kind: 'exported'; readonly file: string };

/** A model that every worker can open. */
export type ReadyModel =
  | ({ readonly kind: 'checkpoint'; readonly network: LayoutFacts } & PreparedModel)
  | ({ readonly kind: 'exported' } & ExportedReady);

/** What a thread is started with. */
export interface ThreadData extends EndableThreadData {
  /** It speaks of options as the thread that started it does. */
  readonly optionSpelling: OptionSpelling;
}

/** What every worker loads. */
export interface LoadRequest {
  readonly model: ReadyModel;
  readonly tokenizerDirectory: string;
  /** As one of the workers has read it for all; undefined where each has to. */
  readonly sharedTokenizer: SharedTokenizer | undefined;
  readonly scoring: ScoringSettings;
  readonly task: WindowTask;
}

export type ToWorker =
  | { readonly type: 'prepare'; readonly model: ModelLocation; readonly useCache: boolean }
  /** Asks what a tokenizer puts around every text. */
  | { readonly type: 'describe'; readonly tokenizerDirectory: string }
  /** Asks for a tokenizer in a form that all threads can use. */
  | { readonly type: 'share'; readonly tokenizerDirectory: string }
  | ({ readonly type: 'load' } & LoadRequest)
  /** `part`: of a window that is to be answered as a whole, so that each row's outcome is wanted. */
  | { readonly type: 'score'; readonly window: Window; readonly part?: boolean }
  /** The window as rows that all failed, with this reason where they have none of their own. */
  | { readonly type: 'fail'; readonly window: Window; readonly reason: RowFailure }
  | { readonly type: 'release' };

/** What only the whole tokenizer says. */
export interface TokenizerFacts {
  readonly specialTokens: AddedTexts;
  /** What of its files does not count, a sentence each. */
  readonly notices: readonly string[];
}

export type FromWorker =
  /** Not an answer: something the user should know, said on the way to one. */
  | { readonly type: 'notice'; readonly message: string }
  /** Nor is this: the worker is at work. */
  | { readonly type: 'alive' }
  | { readonly type: 'prepared'; readonly model: ReadyModel }
  | { readonly type: 'described'; readonly tokenizer: TokenizerFacts }
  | { readonly type: 'shared'; readonly tokenizer: SharedTokenizer | undefined }
  /** `workPerSecond`: for a dry run, what this worker could score. */
  | { readonly type: 'ready'; readonly workPerSecond?: number; readonly tokenizer: TokenizerFacts }
  | { readonly type: 'scored'; readonly scored: ScoredWindow }
  /** `kind` is undefined for what no part of the program expected: a defect of it. */
  | { readonly type: 'error'; readonly kind?: FatalKind; readonly message: string; readonly stack?: string };
