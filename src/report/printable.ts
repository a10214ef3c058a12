/**
 * Replaces the characters that a terminal would obey or not show: control characters, C1 among them (U+0080 to U+009F),
 * and format characters such as those that change the direction of the text after them.
 */
export const printable = (text: string): string => text.replaceAll(/\p{Control}|\p{Format}/gu, '\ufffd');
