import type { SizedNetwork } from '../model/architectures/network.js';
import { cpu } from '../model/backend/cpu.js';
import type { MemoryNeed } from './worker-count.js';

/** What a network takes in memory, from its sizes. */
export const memoryNeedOf = (network: SizedNetwork, maxLength: number): MemoryNeed =>
  cpu.memoryNeed(network, maxLength);
