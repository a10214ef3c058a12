/** How rows are read: what the settings that come with a model say of prompts, messages and their authors. */

/**
 * - `layout`: names stay as they are, and a string prompt is text.
 * - `chat`: a chat template, which knows roles; a string prompt is a message of the user.
 * - `pair`: the network reads a text, or two: a prompt, or one message, and what answers it.
 * - `none`: the user says that texts are used as they are.
 * - `absent`: the model brings no template, and none is named.
 * - `language model`: the model is asked for its next token, and no template is named that leads to it: texts alone.
 */
export type TemplateKind = 'layout' | 'chat' | 'pair' | 'none' | 'absent' | 'language model';

export const lastSpeakers = ['any', 'assistant'] as const;

/** Whose message may be the last one where there is no response beside messages. */
export type LastSpeaker = (typeof lastSpeakers)[number];

export interface Reading {
  readonly kind: TemplateKind;
  /** Whether the template is a Jinja one, which gets what else messages and rows have. */
  readonly jinja: boolean;
  /** How a text that the template has rendered begins: a prompt that begins so is probably one. */
  readonly openings: readonly string[];
  readonly lastSpeaker: LastSpeaker;
  readonly botName: string | undefined;
  readonly userName: string | undefined;
  readonly system: string | undefined;
}
