/** What the splitting patterns ask of a character. */

export const LETTER = 1;
export const NUMBER = 2;
export const SPACE = 3;
/** Signs, marks, controls, and halves of surrogate pairs. */
export const OTHER = 4;

/** By code point; 0 where nobody has asked yet. Memory that is not touched is not used. */
const classes = new Uint8Array(0x110000);

export const classOf = (code: number): number => classes[code] || classify(code);

function classify(code: number): number {
  const character = String.fromCodePoint(code);
  // White space as Rust has it, which with U+0085 and without U+FEFF is not that of JavaScript's \s.
  const found = /\p{L}/u.test(character)
    ? LETTER
    : /\p{N}/u.test(character)
      ? NUMBER
      : /\p{White_Space}/u.test(character)
        ? SPACE
        : OTHER;
  classes[code] = found;
  return found;
}
