"""The order of training rows: at random, with rows of like length in one micro-batch, so that little is padding."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Sampler

# Micro-batches that are sorted together. The more, the less padding; the fewer, the more random.
SORTED_TOGETHER = 100


class LengthGroupedOrder(Sampler[int]):
    """
    Transformers' LengthGroupedSampler draws from the process's generator, whose state a resumed run does not have in the
    middle of an epoch, and puts like lengths into a whole batch. Here the order follows from the seed and the epoch, and
    micro-batches are shuffled, so that a batch has short and long rows.
    """

    def __init__(self, lengths: NDArray[np.int32], micro_batch: int, seed: int) -> None:
        self._lengths = lengths
        self._micro_batch = micro_batch
        self._seed = seed
        self._epoch = 0

    def __len__(self) -> int:
        return len(self._lengths)

    def set_epoch(self, epoch: int) -> None:
        self._epoch = epoch

    def __iter__(self) -> Iterator[int]:
        random = np.random.default_rng((self._seed, self._epoch))
        rows = random.permutation(len(self)).astype(np.int64)
        together = self._micro_batch * SORTED_TOGETHER
        for start in range(0, len(rows), together):
            part = rows[start : start + together]
            part = part[np.argsort(-self._lengths[part], kind="stable")]
            # What does not fill a micro-batch is at the end of the last part, and stays there.
            whole = len(part) // self._micro_batch * self._micro_batch
            shuffled = random.permutation(part[:whole].reshape(-1, self._micro_batch))
            yield from shuffled.reshape(-1).tolist()
            yield from part[whole:].tolist()
