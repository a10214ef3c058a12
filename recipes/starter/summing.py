"""
How the network is written down so that float32 rounds little. It stays the same function, and two float32 implementations agree
to about 1e-5 at worst, where they were 2.6e-5 apart (docs/design/012-starter.md).

Numbers change places: a sum is rounded after each addition, as coarsely as it is large. So small terms come first, and large ones that
cancel (a colon asks with ONE less IS_COLON) stand side by side at the end.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import GPT2ForSequenceClassification
from transformers.pytorch_utils import Conv1D

from .gpt2 import parts_of
from .network import HEAD, HEADS, WIDTH
from .wiring import FIRST, IS_COLON, IS_LINE_END, MINUS_ONE, ONE, PLACE

LAST = [IS_LINE_END, MINUS_ONE, FIRST, PLACE, ONE, IS_COLON]


@torch.no_grad()
def order_sums(model: GPT2ForSequenceClassification, rows: list[list[int]]) -> None:
    """Changes the places, by what these rows of tokens show of sizes: of a token's numbers, of those in each head, and of the units."""
    sizes, blocks = sizes_in(model, rows), parts_of(model).blocks
    normed = sum((sizes[block.ln_1] / sizes[block.ln_1].sum() for block in blocks), torch.zeros(WIDTH))
    place_width(model, torch.tensor([*(it for it in normed.argsort().tolist() if it not in LAST), *LAST]))
    for block in blocks:
        queries, keys, values = sizes[block.qkv].view(3, HEADS, HEAD)
        written = block.out.weight.abs().sum(1).view(HEADS, HEAD)
        compared, carried = (queries * keys).argsort(-1), (values * written).argsort(-1)
        starts = torch.arange(HEADS)[:, None] * HEAD
        compared, carried = (starts + compared).flatten(), (starts + carried).flatten()
        columns = torch.cat([compared, WIDTH + compared, 2 * WIDTH + carried])
        move(block.qkv, 1, columns)
        move(block.out, 0, carried)
        units = (sizes[block.activation] * block.down.weight.abs().sum(1)).argsort()
        move(block.up, 1, units)
        move(block.down, 0, units)


def sizes_in(model: GPT2ForSequenceClassification, rows: list[list[int]]) -> dict[nn.Module, Tensor]:
    """Sums of absolute values of what these modules give: [width], [3 width] and [units]."""
    sizes: dict[nn.Module, Tensor] = {}

    def add(module: nn.Module, _: object, given: Tensor) -> None:
        size = given.flatten(0, -2).abs().sum(0)
        sizes[module] = sizes[module] + size if module in sizes else size

    watched = [module for block in parts_of(model).blocks for module in (block.ln_1, block.qkv, block.activation)]
    handles = [module.register_forward_hook(add) for module in watched]
    for ids in rows:
        model(torch.tensor([ids]))
    for handle in handles:
        handle.remove()
    return sizes


def place_width(model: GPT2ForSequenceClassification, order: Tensor) -> None:
    """A token's numbers [width], wherever they are read or written."""
    parts = parts_of(model)
    for embedding in (parts.wte, parts.wpe, parts.score):
        embedding.weight.copy_(embedding.weight[:, order])
    for norm in (parts.ln_f, *(norm for block in parts.blocks for norm in (block.ln_1, block.ln_2))):
        norm.weight.copy_(norm.weight[order])
        norm.bias.copy_(norm.bias[order])
    for block in parts.blocks:
        move(block.qkv, 0, order)
        move(block.up, 0, order)
        move(block.out, 1, order)
        move(block.down, 1, order)


def move(linear: Conv1D, side: int, order: Tensor) -> None:
    """Puts the inputs (side 0) or the outputs (side 1) into that order."""
    linear.weight.copy_(linear.weight.index_select(side, order))
    if side == 1:
        linear.bias.copy_(linear.bias[order])
