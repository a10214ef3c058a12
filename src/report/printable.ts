/**
 * A text without what a terminal would obey or not show as it stands: control characters, C1 among them (U+0080 to
 * U+009F), and format characters such as those that turn the direction of what follows.
 */
export const printable = (text: string): string => text.replaceAll(/\p{Control}|\p{Format}/gu, '\ufffd');
