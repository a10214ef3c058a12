"""The network and the tokenizer that training begins with, or that it wrote."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    GPT2Config,
    GPT2ForSequenceClassification,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from .errors import UsageError
from .tokens import sha256_of


@dataclass(frozen=True)
class Scratch:
    """GPT2Config's fields, and its defaults: GPT-2 base."""

    n_layer: int = 12
    n_head: int = 12
    n_embd: int = 768
    n_positions: int = 1024


@dataclass(frozen=True)
class Start:
    # A directory or a hub id; None from scratch.
    model: str | None
    scratch: Scratch | None
    tokenizer: str
    max_length: int


def load_tokenizer(start: Start, config: GPT2Config | None) -> PreTrainedTokenizerBase:
    """With the pad token that the network looks for: its config's, else the tokenizer's, else its end of text."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(start.tokenizer, truncation_side="left", padding_side="right")
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{start.tokenizer}: expected a tokenizer, by folder or hub id: {_first_line(error)}"
        ) from error
    ids = (config.pad_token_id if config else None, tokenizer.pad_token_id, tokenizer.eos_token_id)
    pad = next((token for token in ids if token is not None), None)
    if pad is None:
        raise UsageError(f"{start.tokenizer}: expected a tokenizer with a pad or an end-of-text token, got neither")
    tokenizer.pad_token = tokenizer.convert_ids_to_tokens(pad)
    tokenizer.model_max_length = start.max_length
    return tokenizer


def read_config(start: Start) -> GPT2Config | None:
    """The checkpoint's; None from scratch. Refuses what cannot become a reward model."""
    if start.scratch is not None:
        if start.scratch.n_embd % start.scratch.n_head:
            raise UsageError(f"--n-head {start.scratch.n_head}: expected a divisor of --n-embd {start.scratch.n_embd}")
        positions = start.scratch.n_positions
        config = None
    else:
        assert start.model is not None, "expected a model where nothing is made from scratch"
        try:
            config = AutoConfig.from_pretrained(start.model)
        except (OSError, ValueError) as error:
            raise UsageError(
                f"{start.model}: expected a GPT-2 checkpoint, by folder or hub id: {_first_line(error)}"
            ) from error
        if config.model_type != "gpt2":
            raise UsageError(f"{start.model}: expected a GPT-2 checkpoint, got model_type {config.model_type}")
        classifier = any("ForSequenceClassification" in name for name in config.architectures or ())
        if classifier and config.num_labels != 1:
            raise UsageError(f"{start.model}: expected a head of one output, got {config.num_labels} labels")
        positions = config.n_positions
    if positions < start.max_length:
        raise UsageError(f"--max-length {start.max_length}: expected at most the network's {positions} positions")
    return config


def load_network(start: Start, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    """In float32, with a head of one output; what the checkpoint has none of is drawn from torch's generator."""
    if start.model is not None:
        model = load_trained(start.model)
    else:
        model = GPT2ForSequenceClassification(
            # The base class takes num_labels, through **kwargs.
            GPT2Config(  # type: ignore[call-arg]
                vocab_size=len(tokenizer),
                num_labels=1,
                bos_token_id=tokenizer.bos_token_id,
                eos_token_id=tokenizer.eos_token_id,
                **vars(start.scratch),
            )
        )
    if len(tokenizer) > model.config.vocab_size:
        raise UsageError(
            f"{start.tokenizer}: expected a tokenizer of at most {model.config.vocab_size:,} tokens, got {len(tokenizer):,}"
        )
    config = model.config
    config.pad_token_id = tokenizer.pad_token_id
    # The loss it was trained with; the text-classification pipeline then shows the sigmoid.
    config.problem_type = "multi_label_classification"
    config.id2label, config.label2id = {0: "accepted"}, {"accepted": 0}
    return model


def load_trained(directory: str | Path) -> PreTrainedModel:
    model: PreTrainedModel = AutoModelForSequenceClassification.from_pretrained(
        directory, num_labels=1, dtype=torch.float32
    )
    return model


def identity(start: Start, config: GPT2Config | None) -> dict[str, Any]:
    """What training began with, so that a resumed run can tell and the card can say."""
    if config is None:
        return {"from_scratch": vars(start.scratch)}
    folder = Path(start.model or "")
    if folder.is_dir():
        weights = sorted([*folder.glob("*.safetensors"), *folder.glob("pytorch_model*.bin")])
        return {"name": folder.resolve().name, "sha256": sha256_of(weights)}
    return {"name": start.model, "revision": getattr(config, "_commit_hash", None)}


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
