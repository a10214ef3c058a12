/** Joins rows as JSON lines in one piece of memory. */

const NEWLINE = 0x0a;
const SPACE = 0x20;

export class Lines {
  readonly #memory: Buffer;
  #length = 0;

  /** @param mostBytes the most bytes of all the lines, with their line ends */
  constructor(mostBytes: number) {
    this.#memory = Buffer.allocUnsafe(mostBytes);
  }

  /**
   * Adds a row as a line. It has its line end, or gets one; line ends within JSON are white space, and become spaces.
   */
  add(row: Buffer): void {
    const line = this.#memory.subarray(this.#length, this.#length + row.length);
    row.copy(line);
    this.#length += row.length;
    for (let at = line.indexOf(NEWLINE); at >= 0; at = line.indexOf(NEWLINE, at + 1)) {
      if (at === line.length - 1) return;
      line[at] = SPACE;
    }
    this.#memory[this.#length++] = NEWLINE;
  }

  get bytes(): Buffer {
    return this.#memory.subarray(0, this.#length);
  }
}
