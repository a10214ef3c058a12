"""Rewards of conversations from reward models, by a co-process of the command line `reward-score`.

    from reward_score import RewardModel

    with RewardModel(model="./gpt2-reward-model") as reward_model:
        rewards = reward_model.score(["User: hi\\nBot: hello\\n"])

Standard library only. Beside RewardModel: reward_score.trl has a reward function for TRL's trainers, reward_score.columns
what `datasets`, pandas and polars need.
"""

from reward_score.errors import CommandNotFoundError, ProcessError, RewardScoreError, RowError
from reward_score.model import RewardModel

__version__ = "0.1.0"
__all__ = ["CommandNotFoundError", "ProcessError", "RewardModel", "RewardScoreError", "RowError"]
