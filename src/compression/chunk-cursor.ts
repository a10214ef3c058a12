/** Takes a given number of bytes from a stream whose chunks may end anywhere. */
export class ChunkCursor {
  /** Offset of the next byte in the whole stream. */
  offset = 0;
  readonly #source: AsyncIterator<Buffer>;
  #chunk: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#source = chunks[Symbol.asyncIterator]();
  }

  /** Returns so many bytes, or fewer only where the stream ends. */
  async take(length: number): Promise<Buffer> {
    const first = this.#takeHere(length);
    if (first.length === length) return first;
    const parts = [first];
    for (let missing = length - first.length; missing > 0 && (await this.#nextChunk()); ) {
      const part = this.#takeHere(missing);
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }

  /** Returns how many bytes were skipped: fewer only where the stream ends. */
  async skip(length: number): Promise<number> {
    let missing = length - this.#takeHere(length).length;
    while (missing > 0 && (await this.#nextChunk())) missing -= this.#takeHere(missing).length;
    return length - missing;
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }

  #takeHere(atMost: number): Buffer {
    const bytes = this.#chunk.subarray(0, atMost);
    this.#chunk = this.#chunk.subarray(bytes.length);
    this.offset += bytes.length;
    return bytes;
  }

  async #nextChunk(): Promise<boolean> {
    const { done, value } = await this.#source.next();
    if (done) return false;
    this.#chunk = value;
    return true;
  }
}
