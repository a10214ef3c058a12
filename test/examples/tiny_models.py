"""Models of a few weights, made by hand or at random, in the form that save_pretrained gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    GPT2Config,
    GPT2ForSequenceClassification,
    GPT2LMHeadModel,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

END_OF_TEXT = "<|endoftext|>"
BYTES = sorted(pre_tokenizers.ByteLevel.alphabet())


def byte_tokenizer(letters: list[str]) -> PreTrainedTokenizerFast:
    """A token for each of these letters, spelled as byte-level BPE spells bytes, and the end of text."""
    vocabulary = {letter: index for index, letter in enumerate([*letters, END_OF_TEXT])}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END_OF_TEXT, bos_token=END_OF_TEXT)


def save(directory: Path, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> Path:
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    return directory


def write_language_model(directory: Path, letters: str, positions: int = 128, seed: int = 0) -> Path:
    """A GPT-2 of random weights that writes these letters, spaces and newlines."""
    torch.manual_seed(seed)
    tokenizer = byte_tokenizer([*letters, "Ġ", "Ċ"])
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=positions,
        n_embd=32,
        n_head=2,
        n_layer=2,
        initializer_range=0.2,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    return save(directory, GPT2LMHeadModel(config), tokenizer)


def write_reward_model(directory: Path, liked: str) -> Path:
    """A GPT-2 whose reward grows strictly with the share of one letter in the text, and depends on nothing else.

    A token is (s, 0, 10, -10, -s, 0, 0, 0) with s = 1 for the letter and -1 for others: the mean of that is 0 and its
    norm always the same, so that layer normalisation scales all tokens alike. Attention without queries is the mean over
    the text; it carries the mean of s to the second place, which the head reads: reward = a m / sqrt(b + c m^2).
    """
    tokenizer = byte_tokenizer(BYTES)
    width = 8
    # The base class takes num_labels, through **kwargs.
    config = GPT2Config(  # type: ignore[call-arg]
        vocab_size=len(tokenizer),
        n_positions=256,
        n_embd=width,
        n_head=1,
        n_layer=1,
        num_labels=1,
        pad_token_id=tokenizer.eos_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    model = GPT2ForSequenceClassification(config)
    attention: Any = model.transformer.h[0].attn  # to a type checker a module is a tensor or anything
    norm = torch.nn.LayerNorm
    with torch.no_grad():
        for module in model.modules():
            for parameter in module.parameters(recurse=False):
                parameter.fill_(1.0 if isinstance(module, norm) and parameter is module.weight else 0.0)
        tokens = model.transformer.wte.weight
        tokens[:] = torch.tensor([-1.0, 0, 10, -10, 1, 0, 0, 0])
        tokens[tokenizer.convert_tokens_to_ids(liked)] = torch.tensor([1.0, 0, 10, -10, -1, 0, 0, 0])
        attention.c_attn.weight[0, 2 * width + 0] = 1.0  # the value: s
        attention.c_proj.weight[0, 1] = 5.0
        attention.c_proj.weight[0, 5] = -5.0
        model.score.weight[0, 1] = 10.0
    return save(directory, model, tokenizer)
