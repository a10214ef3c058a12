"""The reward function, called as TRL calls it, and in TRL's own GRPOTrainer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conftest import LIKED, process_of
from reward_score import RewardModel
from reward_score.trl import reward_function
from tiny_models import byte_tokenizer, write_language_model

STANDARD = (["User: hi\nBot:", "User: ha\nBot:"], [" aaa", " b"])
CONVERSATIONAL = (
    [
        [{"role": "user", "content": "hi"}],
        [{"role": "system", "content": "be brief"}, {"role": "user", "content": "ha"}],
    ],
    [[{"role": "assistant", "content": "aaa"}], [{"role": "assistant", "content": "b"}]],
)
# What else TRL passes: columns of the data set, and these.
OTHERS = {"completion_ids": [[1], [2]], "label": [0, 1], "trainer_state": None, "log_extra": lambda *_: None}


@pytest.mark.parametrize(
    ("form", "texts"),
    [
        (STANDARD, ["User: hi\nBot: aaa", "User: ha\nBot: b"]),
        (CONVERSATIONAL, ["user: hi\nassistant: aaa\n", "be brief\nuser: ha\nassistant: b\n"]),
    ],
)
def test_prompts_and_completions_are_scored_together(
    reward_model: RewardModel, form: tuple[list[Any], list[Any]], texts: list[str]
) -> None:
    prompts, completions = form
    rewards = reward_function(reward_model)(prompts=prompts, completions=completions, **OTHERS)
    assert rewards == pytest.approx(reward_model.score(texts))


def test_a_completion_without_a_reward_is_left_out_or_gets_what_was_said(reward_model: RewardModel) -> None:
    prompts, completions = ["p", "p", "p", "p"], ["a", "", "b", ""]
    metrics: dict[str, float] = {}
    rewards = reward_function(reward_model)(prompts, completions, log_metric=metrics.__setitem__, **OTHERS)
    assert [reward is None for reward in rewards] == [False, True, False, True]
    assert metrics == {"unscored": 0.5}
    assert reward_function(reward_model, unscored=-3.0)(prompts, completions)[1::2] == [-3.0, -3.0]


def test_a_dead_process_ends_the_training(reward_model: RewardModel) -> None:
    process_of(reward_model).kill()
    with pytest.raises(RuntimeError, match="reward-score ended"):
        reward_function(reward_model)(*STANDARD)


LETTERS = "abcdefghijklmnop"
CHAT_TEMPLATE = "{% for m in messages %}{{ m.content }} {% endfor %}"


def train(
    reward_model: RewardModel, folder: Path, conversational: bool, seed: int, steps: int = 16
) -> list[dict[str, Any]]:
    """GRPO on a language model of random weights, which begins with some 5 % of the letter that is rewarded."""
    from datasets import Dataset
    from transformers import GPT2LMHeadModel
    from trl import GRPOConfig, GRPOTrainer

    model = GPT2LMHeadModel.from_pretrained(write_language_model(folder / "policy", LETTERS, seed=seed))
    tokenizer = byte_tokenizer([*LETTERS, "Ġ", "Ċ"])
    tokenizer.pad_token, tokenizer.padding_side, tokenizer.chat_template = tokenizer.eos_token, "left", CHAT_TEMPLATE
    prompts: list[Any] = [f"{one}{other}" for one in LETTERS[1:9] for other in LETTERS[1:9]]
    if conversational:
        prompts = [[{"role": "user", "content": prompt}] for prompt in prompts]
    trainer = GRPOTrainer(
        model=model,
        reward_funcs=reward_function(reward_model, unscored=-3.0),
        train_dataset=Dataset.from_dict({"prompt": prompts}),
        processing_class=tokenizer,
        args=GRPOConfig(
            output_dir=str(folder / "run"),
            max_steps=steps,
            per_device_train_batch_size=32,
            num_generations=8,
            max_completion_length=12,
            learning_rate=2e-3,
            lr_scheduler_type="constant",
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            use_cpu=True,
            bf16=False,
            seed=seed,
        ),
    )
    trainer.train()
    return [entry for entry in trainer.state.log_history if "reward" in entry]


def mean_rewards(history: list[dict[str, Any]]) -> tuple[float, float]:
    """Of the first two steps, and of the last two."""
    rewards = [entry["reward"] for entry in history]
    return sum(rewards[:2]) / 2, sum(rewards[-2:]) / 2


@pytest.mark.parametrize("conversational", [False, True], ids=["standard", "conversational"])
def test_the_reward_rises_in_grpo(reward_model: RewardModel, tmp_path: Path, conversational: bool) -> None:
    history = train(reward_model, tmp_path, conversational, seed=0)
    # From texts without the letter to texts of it alone the reward goes from -1.97 to 1.97.
    before, after = mean_rewards(history)
    assert LIKED in LETTERS
    assert after > before + 0.8
    assert all(0 <= entry["unscored"] < 1 for entry in history)
