import { describeRewards, type ReferenceRewards, readOracle } from '../support/oracle.js';
import { readModelDescriptions } from '../support/synthetic-model.js';

describeRewards(await readModelDescriptions('qwen2'), readOracle<ReferenceRewards>('qwen2_rewards.json'));
