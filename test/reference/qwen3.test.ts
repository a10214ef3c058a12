import { describeRewards, type ReferenceRewards, readOracle } from '../support/oracle.js';
import { readModelDescriptions } from '../support/synthetic-model.js';

describeRewards(await readModelDescriptions('qwen3'), readOracle<ReferenceRewards>('qwen3_rewards.json'));
