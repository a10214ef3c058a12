/** Which layers of Qwen's networks see only so far back, as config.json states it. */
import type { ConfigReader } from '../checkpoint/config-reader.js';

/** Names of layers that see all nodes before them; the second is an older one. */
const FULL = ['full_attention', 'attention'];
const SLIDING = 'sliding_attention';

/**
 * Reads `layer_types`, or the older fields that say the same: with `use_sliding_window`, layers from
 * `max_window_layers` on have the window.
 *
 * Source: transformers 5.23.0, models/qwen2/configuration_qwen2.py, models/qwen3/configuration_qwen3.py and
 * configuration_utils.py (validate_layer_type).
 *
 * @returns the window of each layer, in positions; undefined for a layer that sees all nodes before it
 */
export function readWindows(config: ConfigReader, layers: number): (layer: number) => number | undefined {
  const used = config.boolean('use_sliding_window', false);
  const window = used ? config.positiveIntegerOrNull('sliding_window', 4096) : undefined;
  const types = config.read('layer_types');
  if (types === undefined) {
    const first = config.read('max_window_layers') ?? 28;
    if (!Number.isSafeInteger(first) || (first as number) < 0) {
      config.refuse(['max_window_layers'], first, 'an integer from 0 on');
    }
    return (layer) => (layer >= (first as number) ? window : undefined);
  }
  const known = [...FULL, SLIDING];
  if (!Array.isArray(types) || types.length !== layers || !types.every((type) => known.includes(type as string))) {
    config.refuse(['layer_types'], types, `a list of ${layers}, num_hidden_layers, each one of ${known.join(', ')}`);
  }
  const slides = types as readonly unknown[];
  if (slides.includes(SLIDING) && window === undefined) {
    const missing = used ? 'sliding_window' : 'use_sliding_window';
    config.refuse(
      [missing],
      config.read(missing),
      `${used ? 'a positive integer' : 'true'}, as layer_types names ${SLIDING}`,
    );
  }
  return (layer) => (slides[layer] === SLIDING ? window : undefined);
}
