/**
 * Chooses how each matrix of a network is multiplied: all in int8 first, then whatever takes away the most error for its
 * cost, until rewards are as near to those in float32 as they must be.
 *
 * Nothing here depends on time, on threads or on chance: the same errors give the same choice.
 */
import { costOf, type Product } from './products.js';
import { isNear, type Quality, shareOfErrorAllowed } from './quality.js';

/** Matrices that are multiplied by the same activations, and so in the same way. */
export interface MixUnit {
  /** Weights that are multiplied, of which pooled nodes' own count less. */
  readonly weight: number;
  /** The ways it may be multiplied, by rising cost: `int8` first and `fp32` last. */
  readonly options: readonly Product[];
}

export interface MixMeasures {
  /**
   * The error variance of rewards, in variances of the rewards, where one unit is multiplied so and all others in
   * float32.
   */
  errorOf(unit: number, product: Product): Promise<number>;
  /** The quality of rewards where every unit is multiplied as the mix says. */
  qualityOf(mix: readonly Product[]): Promise<Quality>;
}

export interface MixChoice {
  /** By unit. */
  readonly mix: readonly Product[];
  /** The time of all products, in that of float32. */
  readonly cost: number;
  /** The quality of this mix; undefined where it is float32 throughout. */
  readonly quality: Quality | undefined;
  /** Why it is float32 throughout; undefined where it is not. */
  readonly fallback: string | undefined;
  /** The error variance of each unit in int8 and as it is in the mix; empty where nothing had to be measured one by one. */
  readonly errors: readonly UnitErrors[];
}

interface UnitErrors {
  readonly int8: number;
  readonly chosen: number;
}

/** Above this share of float32's time, the rest is not worth rewards that are only near. */
const MOST_COST = 0.7;

/** Digits of an error: the last bits of a reward, which rounding decides, do not reach the choice. */
const DIGITS = 3;

export async function chooseMix(units: readonly MixUnit[], measures: MixMeasures): Promise<MixChoice> {
  const path = new Path(units, measures);
  const near = new Map<number, Quality>();
  /** The longest way that is known not to be near enough. */
  let missed = -1;
  for (;;) {
    const steps = path.length;
    const quality = await measures.qualityOf(path.mixAfter(steps));
    if (isNear(quality)) {
      near.set(steps, quality);
      break;
    }
    missed = steps;
    const allowed = shareOfErrorAllowed(quality);
    if (allowed === undefined) return path.inFloat('its rewards for the built-in texts cannot be compared');
    await path.extend(allowed);
    if (path.length === steps) {
      return path.inFloat(`as near to fp32 as it should be, it would take more than ${MOST_COST} of the time of fp32`);
    }
  }
  // The last extension went by an estimate: the fewest of its steps that do.
  let enough = path.length;
  while (enough - missed > 1) {
    const middle = Math.floor((missed + enough) / 2);
    const quality = await measures.qualityOf(path.mixAfter(middle));
    if (isNear(quality)) {
      near.set(middle, quality);
      enough = middle;
    } else missed = middle;
  }
  return path.choiceAfter(enough, near.get(enough));
}

interface Step {
  readonly unit: number;
  readonly product: Product;
}

/** A step as it is weighed against others. */
interface WeighedStep extends Step {
  /** Error variance that goes away for each unit of cost. */
  readonly gain: number;
  /** The ways whose errors are not measured. */
  readonly unknown: readonly Product[];
}

/** The steps by which a network that is in int8 throughout is made finer, the most worthwhile first. */
class Path {
  readonly #units: readonly MixUnit[];
  readonly #measures: MixMeasures;
  readonly #steps: Step[] = [];
  /** By unit: the error variance of each way that was measured. */
  readonly #errors: Map<Product, number>[];

  constructor(units: readonly MixUnit[], measures: MixMeasures) {
    this.#units = units;
    this.#measures = measures;
    this.#errors = units.map(() => new Map([['fp32', 0]]));
  }

  get length(): number {
    return this.#steps.length;
  }

  mixAfter(steps: number): readonly Product[] {
    const mix = this.#units.map((): Product => 'int8');
    for (const { unit, product } of this.#steps.slice(0, steps)) mix[unit] = product;
    return mix;
  }

  choiceAfter(steps: number, quality: Quality | undefined): MixChoice {
    const mix = this.mixAfter(steps);
    return { mix, cost: this.#costOf(mix), quality, fallback: undefined, errors: this.#errorsOf(mix) };
  }

  inFloat(fallback: string): MixChoice {
    const mix = this.#units.map((): Product => 'fp32');
    return { mix, cost: 1, quality: undefined, fallback, errors: this.#errorsOf(mix) };
  }

  /** Adds steps until the errors add up to a share of what they are, or the next one would cost too much. */
  async extend(share: number): Promise<void> {
    for (const unit of this.#units.keys()) await this.#measure(unit, 'int8');
    const mix = [...this.mixAfter(this.length)];
    const wanted = share * this.#errorOf(mix);
    while (this.#errorOf(mix) > wanted) {
      const step = await this.#bestStep(mix);
      mix[step.unit] = step.product;
      if (this.#costOf(mix) > MOST_COST) return;
      this.#steps.push(step);
    }
  }

  #costOf(mix: readonly Product[]): number {
    const whole = this.#units.reduce((sum, { weight }) => sum + weight, 0);
    return this.#units.reduce((sum, { weight }, i) => sum + weight * costOf[mix[i] as Product], 0) / whole;
  }

  /** Errors of different matrices are nearly independent, so that their variances add up. */
  #errorOf(mix: readonly Product[]): number {
    return mix.reduce((sum, product, i) => sum + (this.#errors[i]?.get(product) as number), 0);
  }

  #errorsOf(mix: readonly Product[]): readonly UnitErrors[] {
    if (this.#errors.every((known) => known.size === 1)) return [];
    return this.#errors.map((known, i) => ({
      int8: known.get('int8') as number,
      chosen: known.get(mix[i] as Product) as number,
    }));
  }

  /** The step that takes away the most error for its cost. What cannot be the best is not measured. */
  async #bestStep(mix: readonly Product[]): Promise<Step> {
    for (;;) {
      const steps = this.#units.map((_, unit) => this.#stepOf(unit, mix[unit] as Product));
      const best = steps.reduce((a, b) => (b.gain > a.gain ? b : a));
      if (best.unknown.length === 0) return best;
      for (const product of best.unknown) await this.#measure(best.unit, product);
    }
  }

  /** The best step of a unit; where ways are not measured yet, the most that one of them could give. */
  #stepOf(unit: number, now: Product): WeighedStep {
    const { weight, options } = this.#units[unit] as MixUnit;
    const known = this.#errors[unit] as Map<Product, number>;
    const finer = options.slice(options.indexOf(now) + 1);
    const steps = finer.map((product) => {
      const gone = (known.get(now) as number) - (known.get(product) ?? 0);
      return { product, gain: gone / (weight * (costOf[product] - costOf[now])) };
    });
    const first = { product: now, gain: Number.NEGATIVE_INFINITY };
    const best = steps.reduce((a, b) => (b.gain > a.gain ? b : a), first);
    return { unit, ...best, unknown: finer.filter((way) => !known.has(way)) };
  }

  async #measure(unit: number, product: Product): Promise<void> {
    const known = this.#errors[unit] as Map<Product, number>;
    if (known.has(product)) return;
    const error = await this.#measures.errorOf(unit, product);
    known.set(product, Number.isFinite(error) ? Number(error.toPrecision(DIGITS)) : Number.MAX_VALUE);
  }
}
