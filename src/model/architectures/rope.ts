/**
 * Rotary positions as a config.json states them: how far a position turns each pair of a head's dimensions.
 *
 * Source: transformers 5.23.0, modeling_rope_utils.py, with dtype float32. Numbers are rounded to float32 wherever the
 * reference rounds: a late position multiplies their error.
 */
import type { ConfigReader } from '../checkpoint/config-reader.js';

export interface Rope {
  /** Angle by which a position turns each pair of dimensions, [turned dimensions / 2]. */
  readonly inverseFrequencies: Float32Array;
  /** What cosines and sines are multiplied by. */
  readonly attentionFactor: number;
}

/** What decides the angles beside the section on rope. */
interface RopeFacts {
  /** d, the dimensions of a head. */
  readonly headSize: number;
  readonly maxPositions: number;
  /** rope_theta where the section does not say it. */
  readonly theta: number;
  /** The share of a head's dimensions that is turned. Left out for families that turn whole heads. */
  readonly turnedShare?: TurnedShare;
}

/** What config.json says where the section does not, and under which name. */
interface TurnedShare {
  readonly name: string;
  readonly share: number;
}

/** The section on rope, and what each of its kinds starts from. */
interface RopeSection {
  readonly fields: ConfigReader;
  readonly theta: number;
  /** Number of dimensions that are turned. */
  readonly dimensions: number;
  readonly maxPositions: number;
  /** 1 / (rope_theta to the power of exponents[i]): the inverse frequencies where nothing is scaled. */
  readonly plain: Float32Array;
  /** The positions that the network was trained on before it was stretched. */
  readonly trainedPositions: () => number;
}

const f32 = Math.fround;

const kinds = {
  default: ({ plain }) => ({ inverseFrequencies: plain, attentionFactor: 1 }),
  linear: ({ fields, plain }) => {
    const factor = f32(fields.positiveNumber('factor'));
    return { inverseFrequencies: plain.map((frequency) => frequency / factor), attentionFactor: 1 };
  },
  /** Frequencies change with the length of the row, but only beyond max_position_embeddings, where no row is scored. */
  dynamic: ({ fields, plain }) => {
    fields.positiveNumber('factor');
    return { inverseFrequencies: plain, attentionFactor: 1 };
  },
  llama3,
  yarn,
  longrope,
} satisfies Record<string, (section: RopeSection) => Rope>;

const kindNames = Object.keys(kinds) as (keyof typeof kinds)[];

/**
 * Reads `rope_scaling` (version 4 of transformers) or `rope_parameters` (version 5), of which the former takes
 * precedence, as in transformers.
 */
export function readRope(config: ConfigReader, facts: RopeFacts): Rope {
  const fields = config.section('rope_scaling', 'rope_parameters');
  // One section for each type of layer: these families have one for all layers.
  for (const name of ['full_attention', 'sliding_attention']) fields.absent(name);
  return readRopeSection(config, fields, facts);
}

/** Reads a section on rope, of a config.json that may say some of it outside. */
export function readRopeSection(
  config: ConfigReader,
  fields: ConfigReader,
  { headSize, maxPositions, theta, turnedShare }: RopeFacts,
): Rope {
  const dimensions = readTurnedDimensions(config, fields, headSize, turnedShare);
  const typeField = fields.read('rope_type') === undefined ? 'type' : 'rope_type';
  const kind = kinds[fields.choice(typeField, kindNames, 'default')];
  const base = fields.positiveNumber('rope_theta', theta);
  const original = 'original_max_position_embeddings';
  return kind({
    fields,
    theta: base,
    dimensions,
    maxPositions,
    plain: Float32Array.from({ length: dimensions / 2 }, (_, i) => 1 / power(base, i, dimensions)),
    trainedPositions: () => config.positiveInteger([original], fields.positiveInteger([original], maxPositions)),
  });
}

function readTurnedDimensions(
  config: ConfigReader,
  fields: ConfigReader,
  headSize: number,
  outside: TurnedShare | undefined,
): number {
  const name = 'partial_rotary_factor';
  if (outside === undefined) {
    for (const reader of [config, fields]) reader.only(name, 1);
    return headSize;
  }
  const inside = fields.read(name) !== undefined;
  const share = inside ? fields.positiveNumber(name) : outside.share;
  const dimensions = Math.trunc(headSize * share);
  if (dimensions < 2 || dimensions > headSize || dimensions % 2 !== 0) {
    const expected = `a share of a head's ${headSize} dimensions that is an even number of them`;
    (inside ? fields : config).refuse([inside ? name : outside.name], share, expected);
  }
  return dimensions;
}

/** theta to the power of 2i / dimensions */
const power = (theta: number, i: number, dimensions: number): number => f32(f32(theta) ** f32((2 * i) / dimensions));

/** Slow frequencies are divided by a factor, fast ones stay, and those between are mixed. */
function llama3({ fields, plain, trainedPositions }: RopeSection): Rope {
  const factor = f32(fields.positiveNumber('factor'));
  const low = fields.positiveNumber('low_freq_factor');
  const high = fields.positiveNumber('high_freq_factor');
  if (high <= low) fields.refuse(['high_freq_factor'], high, `more than low_freq_factor (${low})`);
  const trained = trainedPositions();
  const inverseFrequencies = plain.map((frequency) => {
    const wavelength = f32(f32(1 / frequency) * f32(2 * Math.PI));
    if (wavelength < f32(trained / high)) return frequency;
    const slowed = f32(frequency / factor);
    if (wavelength > f32(trained / low)) return slowed;
    const turns = f32(f32(1 / wavelength) * f32(trained));
    const smooth = f32(f32(turns - f32(low)) / f32(high - low));
    return f32(f32(f32(1 - smooth) * frequency) / factor) + f32(smooth * frequency);
  });
  return { inverseFrequencies, attentionFactor: 1 };
}

/** As llama3, with a mixture that is linear in the dimension, and attention that is sharpened. */
function yarn(section: RopeSection): Rope {
  const { fields, theta, dimensions, plain } = section;
  const factor = fields.positiveNumber('factor');
  if (theta === 1) fields.refuse(['rope_theta'], theta, 'another number than 1, whose logarithm is divided by');
  const trained = section.trainedPositions();
  const truncated = fields.boolean('truncate', true);
  /** The dimension that turns so many times within the positions of the training. */
  const dimensionOf = (turns: number): number =>
    (dimensions * Math.log(trained / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const low = dimensionOf(fields.positiveNumber('beta_fast', 32));
  const high = dimensionOf(fields.positiveNumber('beta_slow', 1));
  const from = Math.max(truncated ? Math.floor(low) : low, 0);
  const to = Math.min(truncated ? Math.ceil(high) : high, dimensions - 1);
  const width = f32(to === from ? 0.001 : to - from);
  const inverseFrequencies = plain.map((frequency, i) => {
    const slowed = f32(1 / f32(f32(factor) * power(theta, i, dimensions)));
    const kept = f32(1 - Math.min(Math.max(f32(f32(i - f32(from)) / width), 0), 1));
    return f32(slowed * f32(1 - kept)) + f32(frequency * kept);
  });
  return { inverseFrequencies, attentionFactor: yarnAttentionFactor(fields, factor) };
}

function yarnAttentionFactor(fields: ConfigReader, factor: number): number {
  const sharpening = (scale: number): number => (factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1);
  const given = fields.read('attention_factor');
  if (given !== undefined) return fields.positiveNumber('attention_factor');
  const [mscale, mscaleAllDim] = ['mscale', 'mscale_all_dim'].map((name) =>
    fields.read(name) === undefined || fields.read(name) === 0 ? 0 : fields.positiveNumber(name),
  ) as [number, number];
  return mscale > 0 && mscaleAllDim > 0 ? sharpening(mscale) / sharpening(mscaleAllDim) : sharpening(1);
}

/** Each frequency has a divisor of its own; rows longer than those of the training would have others. */
function longrope({ fields, theta, dimensions, maxPositions, trainedPositions }: RopeSection): Rope {
  const trained = trainedPositions();
  if (trained < maxPositions) {
    const name = fields.read('rope_type') === undefined ? 'type' : 'rope_type';
    const others = kindNames.filter((kind) => kind !== 'longrope').join(', ');
    fields.refuse(
      [name],
      'longrope',
      `one of ${others} where max_position_embeddings (${maxPositions}) is above ` +
        `original_max_position_embeddings (${trained})`,
    );
  }
  const divisors = fields.read('short_factor');
  const count = dimensions / 2;
  const fits = (value: unknown): value is number => typeof value === 'number' && value > 0;
  if (!Array.isArray(divisors) || divisors.length !== count || !divisors.every(fits)) {
    return fields.refuse(['short_factor'], divisors, `a list of ${count} positive numbers`);
  }
  const factor = fields.positiveNumber('factor', maxPositions / trained);
  const sharpened = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(trained));
  return {
    inverseFrequencies: Float32Array.from(
      divisors,
      (divisor, i) => 1 / f32(f32(divisor) * power(theta, i, dimensions)),
    ),
    attentionFactor: fields.positiveNumber('attention_factor', sharpened),
  };
}
