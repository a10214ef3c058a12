import type { ConfigReader } from '../checkpoint/config-reader.js';
import type { ArchitectureFacts } from './family-facts.js';
import type { LanguageModel } from './heads.js';
import type { LayerBuilder } from './layers.js';
import type { RewardNetwork } from './network.js';

/** A family of networks whose graphs are built here: a file beside gpt2.ts, and a line in index.ts. */
export interface Architecture extends ArchitectureFacts {
  /** Names that config.json's `architectures` gives it. */
  readonly names: readonly [string, ...string[]];
  /** Its `model_type` in config.json, which is all that some checkpoints say. */
  readonly modelType: string;
  /** Where its language model is unlike most (heads.ts). */
  readonly languageModel?: Partial<LanguageModel>;
  /**
   * @param net a builder that has no layer yet
   * @throws FatalError `run` where the config asks for a variant that is not built here
   */
  readonly build: (config: ConfigReader, net: LayerBuilder) => RewardNetwork;
}
