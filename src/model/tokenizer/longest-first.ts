/**
 * How many tokens of each text of a pair are kept: `truncate_encodings` with the strategy longest_first, utils/truncation.rs
 * of the library tokenizers 0.23.3. The longer text is cut to the length of the other, then both.
 *
 * @param lengths of the two texts
 * @param room for both
 */
export function longestFirst([first, second]: readonly [number, number], room: number): readonly [number, number] {
  if (first + second <= room) return [first, second];
  const shorter = Math.min(first, second);
  // What the shorter one leaves; where that is less than its own length, each has half of the room.
  const [less, more] = 2 * shorter <= room ? [shorter, room - shorter] : [Math.floor(room / 2), Math.ceil(room / 2)];
  return first > second ? [more, less] : [less, more];
}
