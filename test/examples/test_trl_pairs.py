"""What best --pairs writes, read by TRL's own DPOTrainer and RewardTrainer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conftest import LIKED, json_lines, run
from tiny_models import write_language_model, write_reward_model

LETTERS = "abcdefghsu:"
CHAT_TEMPLATE = (
    "{% for m in messages %}{{ m.role[:1] }}:{{ m.content }} {% endfor %}{% if add_generation_prompt %}a:{% endif %}"
)
CANDIDATES = [["aaa", "b"], ["cb", "ba"], ["a", "dd"], ["ha", "h"]]


def rows(kind: str) -> list[dict[str, Any]]:
    """Rows of candidates after a text, after messages, or one row for each of them."""
    if kind == "text":
        return [{"id": i, "prompt": "h:", "candidates": texts} for i, texts in enumerate(CANDIDATES)]
    messages = [{"role": "system", "content": "be"}, {"role": "user", "content": "ha"}]
    if kind == "messages":
        return [{"id": i, "messages": messages, "candidates": texts} for i, texts in enumerate(CANDIDATES)]
    return [
        {"id": i, "messages": [*messages, {"role": "assistant", "content": text}], "seed": seed}
        for i, texts in enumerate(CANDIDATES)
        for seed, text in enumerate(texts)
    ]


@pytest.fixture(params=["text", "messages", "rows of messages"])
def pairs(request: pytest.FixtureRequest, reward_model_path: Path, tmp_path: Path) -> tuple[Path, bool]:
    """A file of pairs, and whether they are conversations."""
    group = ["--group", "id"] if request.param == "rows of messages" else []
    stdin = "".join(f"{json.dumps(row)}\n" for row in rows(request.param))
    done = run("best", "-q", "-m", reward_model_path, "--pairs", *group, stdin=stdin)
    path = tmp_path / "pairs.jsonl"
    path.write_text(done.stdout)
    assert len(json_lines(done.stdout)) == len(CANDIDATES)
    return path, request.param != "text"


def tokenizer_of(model: Path) -> Any:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    tokenizer.pad_token, tokenizer.chat_template = tokenizer.eos_token, CHAT_TEMPLATE
    return tokenizer


def settings(folder: Path) -> dict[str, Any]:
    return {
        "output_dir": str(folder / "run"),
        "max_steps": 1,
        "per_device_train_batch_size": 2,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "use_cpu": True,
        "bf16": False,
    }


def read(path: Path) -> Any:
    from datasets import load_dataset

    return load_dataset("json", data_files=str(path), split="train", cache_dir=str(path.parent / "cache"))


def text_of(side: Any) -> str:
    return side if isinstance(side, str) else side[-1]["content"]


def test_dpo_trainer_reads_prompts_and_both_responses(pairs: tuple[Path, bool], tmp_path: Path) -> None:
    from transformers import GPT2LMHeadModel
    from trl import DPOConfig, DPOTrainer

    path, conversational = pairs
    model = GPT2LMHeadModel.from_pretrained(write_language_model(tmp_path / "policy", LETTERS))
    processing = tokenizer_of(tmp_path / "policy")
    trainer = DPOTrainer(
        model=model, args=DPOConfig(**settings(tmp_path)), train_dataset=read(path), processing_class=processing
    )
    prompt = "s:be u:ha a:" if conversational else "h:"
    for pair, row in zip(json_lines(path.read_text()), trainer.train_dataset, strict=True):
        assert processing.decode(row["prompt_ids"]) == prompt
        chosen, rejected = (processing.decode(row[f"{side}_ids"]) for side in ("chosen", "rejected"))
        assert chosen.startswith(text_of(pair["chosen"]))
        assert rejected.startswith(text_of(pair["rejected"]))
        # The reward grows with the share of that letter.
        assert LIKED in chosen
        assert pair["score_chosen"] > pair["score_rejected"]
    assert trainer.train().training_loss > 0


def test_reward_trainer_reads_both_conversations(pairs: tuple[Path, bool], tmp_path: Path) -> None:
    from transformers import GPT2ForSequenceClassification
    from trl import RewardConfig, RewardTrainer

    path, conversational = pairs
    model = GPT2ForSequenceClassification.from_pretrained(write_reward_model(tmp_path / "reward", "b"))
    processing = tokenizer_of(tmp_path / "reward")
    trainer = RewardTrainer(
        model=model, args=RewardConfig(**settings(tmp_path)), train_dataset=read(path), processing_class=processing
    )
    for pair, row in zip(json_lines(path.read_text()), trainer.train_dataset, strict=True):
        for side in ("chosen", "rejected"):
            text = processing.decode(row[f"{side}_ids"])
            answer = text_of(pair[side])
            expected = f"s:be u:ha a:{answer} " if conversational else f"h:{answer}{processing.eos_token}"
            assert text == expected
    assert trainer.train().training_loss > 0
