"""The network of the starter: GPT-2 in plain torch, because the stages run parts of it; and the same for transformers."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import GPT2Config, GPT2ForSequenceClassification

from .gpt2 import parts_of

WIDTH, LAYERS, HEADS, POSITIONS = 256, 3, 4, 256
HEAD = WIDTH // HEADS
END_OF_TEXT = 0


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        #: Rows: the queries of each head, its keys, its values.
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def heads(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values [..., tokens, heads, head] of x [..., tokens, width]."""
        joined: Tensor = self.qkv(self.ln_1(x))
        queries, keys, values = joined.unflatten(-1, (3, HEADS, HEAD)).unbind(-3)
        return queries, keys, values

    def attended(self, x: Tensor, values: Tensor) -> Tensor:
        """x after what its heads found [..., tokens, heads, head] and the feed-forward part."""
        x = x + self.out(values.flatten(-2))
        fed: Tensor = self.down(F.gelu(self.up(self.ln_2(x)), approximate="tanh"))
        return x + fed

    def packed(self, x: Tensor, masks: list[Tensor], asking: Tensor | slice) -> Tensor:
        """x [tokens, width] of sequences in a row: what becomes of the tokens `asking`. A mask [asking tokens, tokens] for each sequence."""
        queries, keys, values = self.heads(x)
        lengths = [mask.shape[1] for mask in masks]
        parts = zip(
            queries[asking].split([len(mask) for mask in masks]),
            keys.split(lengths),
            values.split(lengths),
            masks,
            strict=True,
        )

        def by_head(part: Tensor) -> Tensor:
            return part.transpose(0, 1)[None]

        found = [
            F.scaled_dot_product_attention(by_head(query), by_head(key), by_head(value), attn_mask=mask[None, None])
            for query, key, value, mask in parts
        ]
        return self.attended(x[asking], torch.cat(found, 2)[0].transpose(0, 1))


class Network(nn.Module):
    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocabulary, WIDTH), nn.Embedding(POSITIONS, WIDTH)
        # A ModuleList forgets, to a type checker, what it is a list of.
        self.blocks = cast(list[Block], nn.ModuleList(Block() for _ in range(LAYERS)))
        self.ln_f, self.score = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 1, bias=False)
        for name, parameter in self.named_parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def embed(self, ids: Tensor, positions: Tensor) -> Tensor:
        embedded: Tensor = self.wte(ids) + self.wpe(positions)
        return embedded

    def forward(self, ids: Tensor, positions: Tensor, masks: list[Tensor], judged: list[Tensor]) -> Tensor:
        """
        Logits of the judged tokens, each the reward of the row that ends there. `ids` and `positions` [tokens] are those of sequences in a
        row, without padding; each has a mask [tokens, tokens] and judged tokens.
        """
        x = self.embed(ids, positions)
        for block in self.blocks[:-1]:
            x = block.packed(x, masks, slice(None))
        # What the last layer makes of the other tokens is read by nobody.
        asked = [mask[tokens] for mask, tokens in zip(masks, judged, strict=True)]
        x = self.blocks[-1].packed(x, asked, packed_places(judged, masks))
        logits: Tensor = self.score(self.ln_f(x))
        return logits.squeeze(-1)


def packed_places(tokens: list[Tensor], masks: list[Tensor]) -> Tensor:
    """Where those tokens of each sequence stand, the sequences with these masks in a row."""
    starts = torch.tensor([0, *(len(mask) for mask in masks[:-1])]).cumsum(0).tolist()
    return torch.cat([start + its for start, its in zip(starts, tokens, strict=True)])


@torch.no_grad()
def for_transformers(network: Network) -> GPT2ForSequenceClassification:
    """The same weights under the names of Hugging Face, whose matrices lie the other way round."""
    # The base class takes num_labels, through **kwargs.
    config = GPT2Config(  # type: ignore[call-arg]
        vocab_size=network.wte.num_embeddings,
        n_positions=POSITIONS,
        n_embd=WIDTH,
        n_layer=LAYERS,
        n_head=HEADS,
        num_labels=1,
        bos_token_id=END_OF_TEXT,
        eos_token_id=END_OF_TEXT,
        pad_token_id=END_OF_TEXT,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
    )
    model = GPT2ForSequenceClassification(config)
    parts = parts_of(model)
    parts.wte.load_state_dict(network.wte.state_dict())
    parts.wpe.load_state_dict(network.wpe.state_dict())
    parts.ln_f.load_state_dict(network.ln_f.state_dict())
    parts.score.load_state_dict(network.score.state_dict())
    for theirs, ours in zip(parts.blocks, network.blocks, strict=True):
        theirs.ln_1.load_state_dict(ours.ln_1.state_dict())
        theirs.ln_2.load_state_dict(ours.ln_2.state_dict())
        for matrix, linear in (
            (theirs.qkv, ours.qkv),
            (theirs.out, ours.out),
            (theirs.up, ours.up),
            (theirs.down, ours.down),
        ):
            matrix.weight.copy_(linear.weight.T)
            matrix.bias.copy_(linear.bias)
    model.eval()
    return model
