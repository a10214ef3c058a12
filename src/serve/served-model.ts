/** What the routes know of the model that is served. */
import type { NamedFields } from '../rows/kinds/roles.js';
import type { ModelSettings } from '../scorer/settings.js';

export interface ServedModel {
  readonly id: string;
  /** The commit, of a model from the hub; else null. */
  readonly revision: string | null;
  readonly architecture: string;
  readonly precision: string;
  /** How it reads texts, each setting with what it comes from. */
  readonly settings: ModelSettings;
  /** The fields of rows that flags name. */
  readonly fields: NamedFields;
  /** The function of the logit that is the reward. */
  readonly activation: string;
  /** What it has a logit for each of. */
  readonly labels: readonly string[];
  /** The loss that it was trained with, where config.json says it. */
  readonly problemType: string | undefined;
}
