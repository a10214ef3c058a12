/**
 * The library: the command line's scorer for programs.
 *
 * ```ts
 * await using model = await loadRewardModel('./my-model');
 * const [result] = await model.score([{ prompt: 'User: hi\nBot:', response: ' hello' }]);
 * if (result.ok) use(result.reward);
 * ```
 */
export { FatalError, type FatalKind } from './errors.js';
export type { RewardInput } from './library/input-lines.js';
export {
  loadRewardModel,
  type RewardModel,
  type RewardModelOptions,
  type RewardResult,
} from './library/reward-model.js';
export type { Activation } from './model/activation.js';
export type { Precision } from './model/precision.js';
export type { TruncationSide } from './model/tokenizer/tokenizer.js';
export type { FailureCode } from './rows/failure.js';
