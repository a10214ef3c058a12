/** Which model scores. */
import type { Flag } from './flag.js';
import { modelName } from './parsers.js';

export const modelFlags = [
  {
    name: 'model',
    short: 'm',
    value: '<dir|id>',
    group: 'Model',
    doc: 'model directory, .onnx classifier, or Hugging Face id org/name[@revision] (default: the bundled starter)',
    parse: modelName,
    commands: ['score', 'best', 'eval', 'explain', 'serve'],
    decides: 'reward',
    compare: 'by content',
  },
] as const satisfies readonly Flag[];
