"""The learning rate of a stage, and the history of its losses."""

from __future__ import annotations

import math

#: Steps, and mean losses since the ones before.
History = list[tuple[int, float]]

WARM_UP, LAST = 50, 0.03


def cosine(step: int, steps: int) -> float:
    """The share of the learning rate at `step`, from 1: up within 50 steps, then half a cosine down to 3 %."""
    return min(1.0, step / WARM_UP) * (LAST + (1 - LAST) * 0.5 * (1 + math.cos(math.pi * (step - 1) / steps)))


class Course:
    def __init__(self, stage: str, steps: int) -> None:
        self._stage, self._steps = stage, steps
        self._losses: list[float] = []
        self.history: History = []

    def add(self, step: int, loss: float) -> None:
        """Logs the mean of each hundred steps."""
        self._losses.append(loss)
        if step % 100 == 0 or step == self._steps:
            self.history.append((step, round(sum(self._losses) / len(self._losses), 4)))
            print(self._stage, *self.history[-1], flush=True)
            self._losses = []
