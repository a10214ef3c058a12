/** How wide standard output is, and whether it has colours. */
import { coloured, type Paint, plain } from '../../explanation/paint.js';
import type { Context } from '../context.js';

/** The columns of what is no terminal. */
const WIDTH = 80;

export function textSettings({ stdout, env }: Pick<Context, 'stdout' | 'env'>): {
  readonly paint: Paint;
  readonly width: number;
} {
  const isColoured = stdout.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
  return { paint: isColoured ? coloured : plain, width: stdout.columns ?? WIDTH };
}
