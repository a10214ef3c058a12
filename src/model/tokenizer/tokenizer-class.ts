/**
 * Which class AutoTokenizer of transformers 5.23.0 makes of a directory (models/auto/tokenization_auto.py). Some classes
 * take tokenizer.json as it is; others take its vocabulary alone, and build the rest anew (rebuilt.ts).
 */

import { rebuiltClass } from './rebuilt.js';

/** What config.json and tokenizer_config.json say about the class. */
export interface ClassFacts {
  /** `tokenizer_class` of tokenizer_config.json, else of config.json. */
  readonly named: string | undefined;
  /** `model_type` of config.json. */
  readonly modelType: string | undefined;
  /** The classes that the repository brings as Python, of which nothing here runs. */
  readonly bringsCode: boolean;
}

/** The class that takes tokenizer.json as it is. */
export const AS_IT_IS = 'PreTrainedTokenizerFast';

/** The class of a type of model, of the types that are built here or will be; others have none that counts. */
const classesOfModels: Readonly<Record<string, string>> = {
  bert: 'BertTokenizer',
  'deberta-v2': 'DebertaV2Tokenizer',
  distilbert: 'BertTokenizer',
  electra: 'BertTokenizer',
  gpt2: 'GPT2Tokenizer',
  gpt_neo: 'GPT2Tokenizer',
  gpt_neox: 'GPTNeoXTokenizer',
  gptj: 'GPT2Tokenizer',
  opt: 'GPT2Tokenizer',
  phi: 'GPT2Tokenizer',
  qwen2: 'Qwen2Tokenizer',
  qwen2_moe: 'Qwen2Tokenizer',
  qwen3: 'Qwen2Tokenizer',
  qwen3_moe: 'Qwen2Tokenizer',
  roberta: 'RobertaTokenizer',
  'xlm-roberta': 'XLMRobertaTokenizer',
};

/** Types of models whose files name a class that transformers knows better: it takes that of the type. */
const namedWrongly: ReadonlySet<string> = new Set(['qwen2']);

/** Types of models whose tokenizer.json is taken as it is, whatever class their files name. */
const typesAsTheyAre: ReadonlySet<string> = new Set([
  ...[
    'aria',
    'bigbird_pegasus',
    'camembertv2-base',
    'cohere_asr',
    'ernie4_5',
    'ernie4_5_moe',
    'flex_olmo',
    'fuyu',
    'glm',
  ],
  ...[
    'glm4',
    'glm4_moe',
    'glm4_moe_lite',
    'gpt_bigcode',
    'granite',
    'granitemoe',
    'granitemoehybrid',
    'granitemoeshared',
  ],
  ...[
    'h2ovl_chat',
    'hyperclovax',
    'internlm2',
    'internlm3',
    'iquestcoder',
    'jamba',
    'kimi_k25',
    'kimi_linear',
    'llava',
  ],
  ...['llava_next', 'mimo_v2_flash', 'minicpm3', 'minicpmv', 'minimax_m2', 'ministral', 'ministral3', 'mistral'],
  ...[
    'mistral3',
    'mixtral',
    'modernbert',
    'modernbert-decoder',
    'molmo',
    'molmo2',
    'nemotron',
    'nystromformer',
    'olmo2',
  ],
  ...['olmo3', 'olmo_hybrid', 'opencua', 'pegasus_x', 'persimmon', 'phi3', 'phi3_v', 'phimoe', 'pixtral', 'smolvlm'],
  ...['stablelm', 'umt5', 'vipllava', 'voxtral', 'xlm-roberta-xl'],
]);

/**
 * Classes of transformers that are not built here. A name that transformers does not know takes tokenizer.json as it is.
 */
const notBuilt: ReadonlySet<string> = new Set(
  [
    ...['Albert', 'Bart', 'Barthez', 'Bartpho', 'BertJapanese', 'Bertweet', 'BigBird', 'BioGpt', 'Blenderbot'],
    ...[
      'BlenderbotSmall',
      'ByT5',
      'CLIP',
      'CTRL',
      'Camembert',
      'Canine',
      'Clvp',
      'CodeLlama',
      'Cohere',
      'CpmAnt',
      'Cpm',
    ],
    ...[
      'DPRContextEncoder',
      'DPRQuestionEncoder',
      'DPRReader',
      'Deberta',
      'Dia',
      'Esm',
      'Esmc',
      'FNet',
      'FSMT',
      'Flaubert',
    ],
    ...[
      'Funnel',
      'GPTNeoXJapanese',
      'Gemma',
      'Herbert',
      'LED',
      'Lasr',
      'LayoutLM',
      'LayoutLMv2',
      'LayoutLMv3',
      'LayoutXLM',
    ],
    ...['Longformer', 'Luke', 'Lxmert', 'M2M100', 'MBart50', 'MBart', 'MLuke', 'MPNet', 'Marian', 'MarkupLM', 'Mgpstr'],
    ...[
      'MobileBert',
      'Mvp',
      'MyT5',
      'Nllb',
      'Nougat',
      'OpenAIGPT',
      'PLBart',
      'Pegasus',
      'Perceiver',
      'Phobert',
      'Pop2Piano',
    ],
    ...[
      'ProphetNet',
      'Qwen3_5',
      'Rag',
      'Reformer',
      'RemBert',
      'RoCBert',
      'RoFormer',
      'SeamlessM4T',
      'Siglip',
      'Siglip2',
    ],
    ...[
      'Speech2Text',
      'SpeechT5',
      'Splinter',
      'SqueezeBert',
      'T5',
      'Tapas',
      'Udop',
      'VideoPrism',
      'Vits',
      'Wav2Vec2CTC',
    ],
    ...['Wav2Vec2Phoneme', 'Wav2Vec2PhonemeCTC', 'Whisper', 'XGLM', 'XLM', 'XLMProphetNet', 'XLNet'],
  ].map((name) => `${name}Tokenizer`),
);

/**
 * The class's name without `Fast`; AS_IT_IS where tokenizer.json is taken as it is.
 *
 * @param hasByteLevel whether the text of tokenizer.json has the word "ByteLevel"
 */
export function tokenizerClassOf({ named, modelType = '' }: ClassFacts, hasByteLevel: () => boolean): string {
  const registered = classesOfModels[modelType];
  if (named === undefined) return registered ?? AS_IT_IS;
  const name = named.replace(/Fast$/, '');
  if (name === 'LlamaTokenizer' && !namedWrongly.has(modelType) && hasByteLevel()) return AS_IT_IS;
  if (typesAsTheyAre.has(modelType)) return AS_IT_IS;
  if (namedWrongly.has(modelType) && registered !== undefined) return registered;
  return notBuilt.has(name) || rebuiltClass(name) !== undefined ? name : AS_IT_IS;
}
