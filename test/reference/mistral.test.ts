import { describeRewards, type ReferenceRewards, readOracle } from '../support/oracle.js';
import { readModelDescriptions } from '../support/synthetic-model.js';

describeRewards(await readModelDescriptions('mistral'), readOracle<ReferenceRewards>('mistral_rewards.json'));
