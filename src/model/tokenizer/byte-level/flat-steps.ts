import type { Step } from '../steps.js';

/** The steps of a pre-tokenizer, those in sequences among them, in order. */
export const flatSteps = (step: Step | null): Step[] => {
  if (step === null) return [];
  return step.type === 'Sequence' ? (step.pretokenizers as Step[]).flatMap(flatSteps) : [step];
};

/** Whether the last step has tokens spell bytes. */
export const spellsBytes = (step: Step | null): boolean => flatSteps(step).at(-1)?.type === 'ByteLevel';
