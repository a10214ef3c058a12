"""The parts of transformers' GPT-2 by name and type: to a type checker its modules are tensors or anything."""

from __future__ import annotations

from typing import Any, NamedTuple

from torch import nn
from transformers import GPT2ForSequenceClassification
from transformers.pytorch_utils import Conv1D


class Gpt2Block(NamedTuple):
    ln_1: nn.LayerNorm
    #: Queries, keys and values. The weight of a Conv1D is [in, out], and its bias [out].
    qkv: Conv1D
    out: Conv1D
    ln_2: nn.LayerNorm
    up: Conv1D
    activation: nn.Module
    down: Conv1D


class Gpt2(NamedTuple):
    wte: nn.Embedding
    wpe: nn.Embedding
    blocks: list[Gpt2Block]
    ln_f: nn.LayerNorm
    score: nn.Linear


def parts_of(model: GPT2ForSequenceClassification) -> Gpt2:
    """The model's own modules: what is changed in them is changed in the model."""
    body: Any = model.transformer
    blocks = [
        Gpt2Block(it.ln_1, it.attn.c_attn, it.attn.c_proj, it.ln_2, it.mlp.c_fc, it.mlp.act, it.mlp.c_proj)
        for it in body.h
    ]
    return Gpt2(body.wte, body.wpe, blocks, body.ln_f, model.score)
