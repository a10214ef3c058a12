/**
 * Copies the pieces, one after the other, into memory of their own, which can be transferred to another thread. A text is
 * written in UTF-8.
 */
export function concatBytes(pieces: readonly (Uint8Array | string)[]): Uint8Array {
  const lengthOf = (piece: Uint8Array | string): number =>
    typeof piece === 'string' ? Buffer.byteLength(piece) : piece.length;
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + lengthOf(piece), 0));
  const written = Buffer.from(whole.buffer);
  let end = 0;
  for (const piece of pieces) {
    if (typeof piece === 'string') end += written.write(piece, end);
    else {
      whole.set(piece, end);
      end += piece.length;
    }
  }
  return whole;
}
