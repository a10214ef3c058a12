/** The models of test/oracle/make_heads.py: bases by the recipe, and adapters that peft wrote, each in a folder of its own. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readOracle } from './oracle.js';
import { root, temporaryDirectory } from './run.js';
import { readModelsFile, type ScaleRule, syntheticValues, writeSyntheticModel } from './synthetic-model.js';

type Rewards = readonly (readonly number[])[];

interface HeadsReference {
  readonly maxLength: number;
  /** Of the bases' weights, by the base's name. */
  readonly sha256: Readonly<Record<string, string>>;
  readonly adapters: Readonly<
    Record<
      string,
      { readonly base: string; readonly rewards?: Rewards; readonly heads?: Readonly<Record<string, Rewards>> }
    >
  >;
  readonly valueHeads: Readonly<Record<string, Rewards>>;
  readonly tokenHeads: Readonly<Record<string, Readonly<Record<string, Rewards>>>>;
  readonly twoLayers: Readonly<
    Record<
      string,
      {
        readonly base: string;
        readonly shapes: Readonly<Record<string, readonly number[]>>;
        readonly rewards: Rewards;
      }
    >
  >;
}

export const headsReference = readOracle<HeadsReference>('heads.json');

const TOKENIZER = ['tokenizer.json', 'tokenizer_config.json'] as const;
const VALUE_SEED = 77;

/** Writes all bases, with fixtures/tiny-gpt2's tokenizer, and adapters into a folder that is gone after the tests. */
export async function writeHeadedModels(): Promise<{
  readonly directory: string;
  readonly sha256: Readonly<Record<string, string>>;
}> {
  const directory = temporaryDirectory();
  const { scales, models } = await readModelsFile('heads_models.json');
  const sha256: Record<string, string> = {};
  for (const model of models) {
    const path = join(directory, model.name);
    sha256[model.name] = (await writeSyntheticModel(path, model, scales)).sha256;
    for (const name of TOKENIZER) cpSync(join(root, 'fixtures/tiny-gpt2', name), join(path, name));
  }
  const adapters = join(root, 'test/oracle/heads');
  for (const name of readdirSync(adapters)) cpSync(join(adapters, name), join(directory, name), { recursive: true });
  return { directory, sha256 };
}

/** The tensors of a head, as make_heads.py has them. */
export function headTensors(
  shapes: Readonly<Record<string, readonly number[]>>,
  scale: number,
): ReadonlyMap<string, StoredTensor> {
  const rule: readonly ScaleRule[] = [{ endsWith: '', scale, offset: 0 }];
  return new Map(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      { shape, values: syntheticValues({ name, shape }, VALUE_SEED, rule) },
    ]),
  );
}

interface StoredTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Writes tensors as F32 into a .safetensors file. */
export function writeSafetensors(path: string, tensors: ReadonlyMap<string, StoredTensor>): void {
  let end = 0;
  const header = Object.fromEntries(
    [...tensors].map(([name, { shape, values }]) => {
      const begin = end;
      end += values.byteLength;
      return [name, { dtype: 'F32', shape, data_offsets: [begin, end] }];
    }),
  );
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const parts = [...tensors.values()].map(({ values }) =>
    Buffer.from(values.buffer, values.byteOffset, values.byteLength),
  );
  writeFileSync(path, Buffer.concat([length, text, ...parts]));
}

/** Reads all tensors of a .safetensors file of F32. */
export function readSafetensors(path: string): Map<string, StoredTensor> {
  const bytes = readFileSync(path);
  const begin = 8 + Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString('utf8', 8, begin)) as Record<
    string,
    { readonly shape: readonly number[]; readonly data_offsets: readonly [number, number] }
  >;
  return new Map(
    Object.entries(header)
      .filter(([name]) => name !== '__metadata__')
      .map(
        ([
          name,
          {
            shape,
            data_offsets: [from, to],
          },
        ]) => {
          const values = new Float32Array(new Uint8Array(bytes.subarray(begin + from, begin + to)).buffer);
          return [name, { shape, values }];
        },
      ),
  );
}
