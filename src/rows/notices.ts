/**
 * What the user should know beside bad rows: two closed lists, which a summary counts. A notice says that rewards may
 * not be what was meant, and is an error under `--strict`; a hint never is.
 */

export const noticeCodes = {
  NO_MODEL_NAMED: 'no model was named, and the bundled starter scored',
  OTHER_TOKENIZER: "the model has no tokenizer of its own, and GPT-2's was used",
  TOKENIZER_CLASS: 'the class of the tokenizer counts where tokenizer.json says otherwise, as in transformers 5.23.0',
  SHORTENED: 'texts are cut to fewer tokens than is usual for the model, which has no more positions',
  TEMPLATE_DATE: 'the template prints the date, and the day on which the run began was used',
  TEMPLATE_IGNORES_MESSAGES: 'the template gives one text for two different conversations',
  QUALITY: 'int8 misses a bound of its quality',
  REWARDS_FROM_ENVIRONMENT: 'rows carry rewards, which settings of scoring in the environment did not make',
  NAME_DERIVED: "the author of the response was derived from the user's name (before 1.0: Bot)",
  ENDS_WITH_USER: 'the last message, which is the one that is scored, is one of the user',
  PROMPT_RENDERED: 'a prompt begins as the template does: it may be rendered already',
  NO_ROWS: 'the inputs have no rows, so that nothing was scored',
  PARTIAL_DATA: 'the hub has converted only the beginning of the data set to Parquet, and no more was read',
} as const;

export type NoticeCode = keyof typeof noticeCodes;

export const hintCodes = {
  NO_SPACE: 'neither prompts nor responses have white space where the two meet',
  SYSTEM_UNREAD: 'the row has a system message, for which the layout has no place',
  PAD_AT_END: 'a text ends with the pad token, and is read before it',
} as const;

export type HintCode = keyof typeof hintCodes;

/** Something that is known before the first row is read. */
export interface Notice {
  readonly code: NoticeCode;
  /** A sentence: what was assumed, and what to do. */
  readonly message: string;
}
