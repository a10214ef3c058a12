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

from .network import HEAD, HEADS, WIDTH
from .wiring import FIRST, IS_COLON, IS_LINE_END, MINUS_ONE, ONE, PLACE

LAST = [IS_LINE_END, MINUS_ONE, FIRST, PLACE, ONE, IS_COLON]


@torch.no_grad()
def order_sums(model: GPT2ForSequenceClassification, rows: list[list[int]]) -> None:
    """Changes the places, by what these rows of tokens show of sizes: of a token's numbers, of those in each head, and of the units."""
    sizes = sizes_in(model, rows)
    normed = sum(sizes[block.ln_1] / sizes[block.ln_1].sum() for block in model.transformer.h)
    place_width(model, torch.tensor([*(it for it in normed.argsort().tolist() if it not in LAST), *LAST]))
    for block in model.transformer.h:
        attention, up, down = block.attn, block.mlp.c_fc, block.mlp.c_proj
        queries, keys, values = sizes[attention.c_attn].view(3, HEADS, HEAD)
        written = attention.c_proj.weight.abs().sum(1).view(HEADS, HEAD)
        compared, carried = (queries * keys).argsort(-1), (values * written).argsort(-1)
        starts = torch.arange(HEADS)[:, None] * HEAD
        compared, carried = (starts + compared).flatten(), (starts + carried).flatten()
        columns = torch.cat([compared, WIDTH + compared, 2 * WIDTH + carried])
        move(attention.c_attn, 1, columns)
        move(attention.c_proj, 0, carried)
        units = (sizes[block.mlp.act] * down.weight.abs().sum(1)).argsort()
        move(up, 1, units)
        move(down, 0, units)


def sizes_in(model: GPT2ForSequenceClassification, rows: list[list[int]]) -> dict[nn.Module, Tensor]:
    """Sums of absolute values of what these modules give: [width], [3 width] and [units]."""
    sizes: dict[nn.Module, Tensor] = {}

    def add(module: nn.Module, _: object, given: Tensor) -> None:
        sizes[module] = sizes.get(module, 0) + given.flatten(0, -2).abs().sum(0)

    watched = [module for block in model.transformer.h for module in (block.ln_1, block.attn.c_attn, block.mlp.act)]
    handles = [module.register_forward_hook(add) for module in watched]
    for ids in rows:
        model(torch.tensor([ids]))
    for handle in handles:
        handle.remove()
    return sizes


def place_width(model: GPT2ForSequenceClassification, order: Tensor) -> None:
    """A token's numbers [width], wherever they are read or written."""
    body = model.transformer
    for embedding in (body.wte, body.wpe, model.score):
        embedding.weight.copy_(embedding.weight[:, order])
    for norm in (body.ln_f, *(norm for block in body.h for norm in (block.ln_1, block.ln_2))):
        norm.weight.copy_(norm.weight[order])
        norm.bias.copy_(norm.bias[order])
    for block in body.h:
        move(block.attn.c_attn, 0, order)
        move(block.mlp.c_fc, 0, order)
        move(block.attn.c_proj, 1, order)
        move(block.mlp.c_proj, 1, order)


def move(linear: nn.Module, side: int, order: Tensor) -> None:
    """transformers' Conv1D: the weight is [in, out], the bias [out]."""
    linear.weight.copy_(linear.weight.index_select(side, order))
    if side == 1:
        linear.bias.copy_(linear.bias[order])
