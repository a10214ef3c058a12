/**
 * zstd itself as WebAssembly: Node has it only from 22.15, and there it loses rows without an error. Releases up to the
 * middle of 2026 accept a truncated frame as a whole one (https://github.com/nodejs/node/issues/64592), and frames
 * after the first are dropped (https://github.com/nodejs/node/issues/64741): a file that was written window by window
 * has a frame for each.
 *
 * The package's own class copies byte by byte (15 times slower), and has one stream for all callers. So the bindings
 * below it are used, as the package's types/zstdlib.d.ts has them; its version is pinned, and the tests fail if the
 * bindings change.
 */
import { MOST_BLOCK_BYTES } from './zstd-header.js';

interface Bindings {
  /** Replaced by another array whenever memory grows. */
  readonly HEAPU8: Uint8Array;
  readonly zstd: {
    new (): Stream;
    malloc(length: number): number;
    free(pointer: number): void;
    compress(to: number, room: number, from: number, length: number, level: number): number;
    compressBound(length: number): number;
    isError(result: number): number;
    getErrorName(result: number): string;
  };
}

interface Stream {
  /** Returns the number of bytes decompressed: 0 after an error, and for every later call. */
  decompressChunk(to: number, room: number, from: number, length: number): number;
  delete(): void;
}

/** The zstd tool's default. */
const LEVEL = 3;

/** A frame of one byte. */
const PROBE = Buffer.from('28b52ffd200109000000', 'hex');

let bindings: Promise<Bindings> | undefined;

/** Loaded when the first file needs it. */
function loadBindings(): Promise<Bindings> {
  bindings ??= (async () => {
    const { Zstd } = await import('@hpcc-js/wasm-zstd');
    const library = (await Zstd.load()) as unknown as { readonly _mainModule: { readonly _module: Bindings } };
    return library._mainModule._module;
  })();
  return bindings;
}

/** Decompresses one frame, given in pieces: the header, each block, the checksum. */
export class ZstdFrame {
  readonly #stream: Stream;
  readonly #from: Memory;
  readonly #to: Memory;

  static async begin(): Promise<ZstdFrame> {
    return new ZstdFrame(await loadBindings());
  }

  private constructor(bindings: Bindings) {
    this.#from = new Memory(bindings, 2 * MOST_BLOCK_BYTES);
    this.#to = new Memory(bindings, MOST_BLOCK_BYTES);
    this.#stream = new bindings.zstd();
  }

  /** A header and a checksum give no bytes, nor does a block that cannot be decompressed. */
  decompress(piece: Uint8Array): Buffer {
    this.#from.write(piece);
    const { pointer, length } = this.#to;
    return this.#to.read(this.#stream.decompressChunk(pointer, length, this.#from.pointer, piece.length));
  }

  /** Whether all pieces were given and valid: if so, another frame can be decompressed. */
  isWhole(): boolean {
    return this.decompress(PROBE).length === 1;
  }

  free(): void {
    this.#stream.delete();
    this.#from.free();
    this.#to.free();
  }
}

/** Makes a frame with its content's size and without a checksum, which the bindings cannot ask for. */
export async function compressZstdFrame(bytes: Uint8Array): Promise<Buffer> {
  const bindings = await loadBindings();
  const { zstd } = bindings;
  const from = new Memory(bindings, bytes.length);
  const to = new Memory(bindings, zstd.compressBound(bytes.length));
  try {
    from.write(bytes);
    const length = zstd.compress(to.pointer, to.length, from.pointer, bytes.length, LEVEL);
    if (zstd.isError(length)) throw new Error(`zstd: ${zstd.getErrorName(length)}`);
    return to.read(length);
  } finally {
    from.free();
    to.free();
  }
}

/** A piece of the library's memory. */
class Memory {
  readonly pointer: number;
  readonly length: number;
  readonly #bindings: Bindings;

  constructor(bindings: Bindings, length: number) {
    this.#bindings = bindings;
    this.length = length;
    this.pointer = bindings.zstd.malloc(Math.max(1, length));
    if (this.pointer === 0) throw new Error(`zstd: no memory for ${length} bytes`);
  }

  write(bytes: Uint8Array): void {
    this.#bindings.HEAPU8.set(bytes, this.pointer);
  }

  /** Returns a copy. */
  read(length: number): Buffer {
    return Buffer.from(this.#bindings.HEAPU8.subarray(this.pointer, this.pointer + length));
  }

  free(): void {
    this.#bindings.zstd.free(this.pointer);
  }
}
