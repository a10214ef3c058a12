/** What is told of the model that is served: the list of OpenAI's API, and TEI's /info. */
import type { ServedModel } from './served-model.js';

/** The list that clients ask for to see whether a server lives, and by what name it knows its model. */
export const modelList = ({ id, settings }: ServedModel): object => ({
  object: 'list',
  data: [{ object: 'model', owned_by: 'reward-score', id, max_model_len: settings.maxLength.value, settings }],
});

/** As far as there is an equal here: TEI's limits of batches and threads have none. */
export const modelInfo = (served: ServedModel, version: string): object => {
  const { id, revision, architecture, precision, labels, settings, activation } = served;
  return {
    model_id: id,
    model_sha: revision,
    model_dtype: precision,
    model_type: {
      [labels.length === 1 ? 'reranker' : 'classifier']: {
        id2label: Object.fromEntries(labels.map((label, index) => [String(index), label])),
        label2id: Object.fromEntries(labels.map((label, index) => [label, index])),
      },
    },
    architecture,
    max_input_length: settings.maxLength.value,
    auto_truncate: true,
    reward_activation: activation,
    version,
    settings,
  };
};
