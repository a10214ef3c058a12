/**
 * How often a costly property is tried with new random inputs: few times by `npm test`, which runs on each change, and
 * TRIES times as often by `npm run test:properties`.
 */
export const tries = (few: number): number => few * Number(process.env.TRIES ?? 1);
