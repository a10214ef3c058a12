"""
The first stage learns which words answer which. A vector for each token, such that the words of a turn lie near those of the
turns before it.

Contrastive, as in StarSpace (Wu et al. 2017) with the InfoNCE loss (van den Oord et al. 2018): of the replies in a batch,
which belongs to this context? No order of words and no network, so a pass over all turns takes a minute, and the vectors
that come of it tell a reply from a turn of another dialogue nine times in ten. The network begins with them.
"""

from __future__ import annotations

from random import Random

import torch
from tokenizers import Tokenizer
from torch import nn

from .augmentation import spelling
from .corpus import Dialogue

BATCH = 768
#: A context is its last turns, each worth 0.6 of the one after it.
CONTEXT_TURNS, FADE = 4, 0.6


class Words(nn.Module):
    def __init__(self, vocabulary: int, width: int) -> None:
        super().__init__()
        self.vectors = nn.Embedding(vocabulary, width)
        self.weights = nn.Embedding(vocabulary, 1)
        self.scale = nn.Parameter(torch.tensor(2.3))
        nn.init.normal_(self.vectors.weight, std=0.05)
        nn.init.zeros_(self.weights.weight)

    def forward(self, texts: list[torch.Tensor], fades: list[torch.Tensor] | None = None) -> torch.Tensor:
        """Unit vectors [texts, width]: sums of the tokens' vectors, each by its weight."""
        tokens = torch.cat(texts)
        starts = torch.tensor([0, *(len(text) for text in texts[:-1])]).cumsum(0)
        weights = self.weights(tokens)[:, 0].exp()
        if fades is not None:
            weights = weights * torch.cat(fades)
        sums = nn.functional.embedding_bag(tokens, self.vectors.weight, starts, mode="sum", per_sample_weights=weights)
        return nn.functional.normalize(sums, dim=-1)


def learn_words(dialogues: list[Dialogue], tokenizer: Tokenizer, width: int, seed: int, passes: int) -> torch.Tensor:
    """Vectors [vocabulary, width], each as long as its word is informative."""
    torch.manual_seed(seed)
    random = Random(f"words {seed}")
    encoded = []
    for dialogue in dialogues:
        spell = spelling(random)
        encoded.append(
            [
                torch.tensor(line.ids)
                for line in tokenizer.encode_batch([f" {spell(turn.text)}" for turn in dialogue.turns])
            ]
        )
    places = [(turns, k) for turns in encoded for k in range(1, len(turns))]
    words = Words(tokenizer.get_vocab_size(), width)
    optimizer = torch.optim.Adam(words.parameters(), lr=3e-3)
    for _ in range(passes):
        random.shuffle(places)
        for start in range(0, max(1, len(places) - BATCH + 1), BATCH):
            batch = places[start : start + BATCH]
            contexts = [turns[max(0, k - CONTEXT_TURNS) : k] for turns, k in batch]
            fades = [
                torch.cat(
                    [torch.full((len(turn),), FADE ** (len(turns) - 1 - index)) for index, turn in enumerate(turns)]
                )
                for turns in contexts
            ]
            likeness = (
                words([torch.cat(turns) for turns in contexts], fades) @ words([turns[k] for turns, k in batch]).T
            )
            logits, own = likeness * words.scale.exp(), torch.arange(len(batch))
            loss = nn.functional.cross_entropy(logits, own) + nn.functional.cross_entropy(logits.T, own)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return (words.vectors.weight * words.weights.weight.exp()).detach()
