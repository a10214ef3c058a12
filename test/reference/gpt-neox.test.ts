import { describeRewards, type ReferenceRewards, readOracle } from '../support/oracle.js';
import { readModelDescriptions } from '../support/synthetic-model.js';

describeRewards(await readModelDescriptions('gpt_neox'), readOracle<ReferenceRewards>('gpt_neox_rewards.json'));
