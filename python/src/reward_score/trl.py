"""A reward function for TRL's GRPOTrainer and RLOOTrainer: completions are scored by `reward-score --stream`.

with RewardModel(model="./gpt2-reward-model") as reward_model:
    GRPOTrainer(model=..., reward_funcs=reward_function(reward_model), train_dataset=...).train()
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reward_score.errors import RowError
from reward_score.model import RewardModel


def reward_function(reward_model: RewardModel, unscored: float | None = None) -> Callable[..., list[float | None]]:
    """A function of prompts and completions, both as TRL passes them: strings, or lists of messages.

    A completion that has no reward (an empty one) gets `unscored`. With None, TRL leaves it out of its group: it neither
    moves the policy nor the mean that the others are held against. A number of yours says that such completions are bad.
    Raises ProcessError, which ends the training, when the co-process has ended.
    """

    def reward_score(prompts: list[Any], completions: list[Any], **kwargs: Any) -> list[float | None]:
        rows = [row(prompt, completion) for prompt, completion in zip(prompts, completions, strict=True)]
        rewards = reward_model.score(rows, on_error="return")
        if rewards and (log_metric := kwargs.get("log_metric")):
            log_metric("unscored", sum(isinstance(reward, RowError) for reward in rewards) / len(rewards))
        return [unscored if isinstance(reward, RowError) else reward for reward in rewards]

    return reward_score


def row(prompt: Any, completion: Any) -> dict[str, Any]:
    """Strings are joined with nothing between; messages become text by reward-score's --template."""
    return {"prompt" if isinstance(prompt, str) else "messages": prompt, "response": completion}
