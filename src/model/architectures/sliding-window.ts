/** Attention that reaches back a number of positions, and no further. */
import { ElementType } from '../graph/graph.js';
import type { LayerBuilder } from './layers.js';
import { UNSEEN } from './network.js';

/**
 * Makes the attention bias [1, 1, L, L] of layers whose nodes see themselves and the `window` - 1 positions before.
 *
 * Source: transformers 5.23.0, masking_utils.py (sliding_window_overlay). Nodes of one row have the same positions in
 * every pack, so that beginnings are shared as exactly as without a window.
 */
export function slidingWindowBias(net: LayerBuilder, window: number): string {
  const { graph } = net;
  // What is seen may stand in an earlier run, what sees it never does: two values, of which one is kept.
  const keyPositions = net.reshape('position_ids', 1, -1, 1);
  net.keep({ name: keyPositions, type: ElementType.int32, size: 1 });
  const queryPositions = net.reshape('position_ids', 1, 1, -1, 1);
  const lastUnseen = graph.add('Sub', [queryPositions, graph.int32(window)]);
  const unseen = graph.add('LessOrEqual', [net.reshape(keyPositions, 1, 1, 1, -1), lastUnseen]);
  return graph.add('Where', [unseen, graph.float(UNSEEN), 'attention_bias']);
}
