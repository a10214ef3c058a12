"""The third stage: is this the reply that was given? The whole network, as it will be used, on trees of real and made-up replies."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .network import Network
from .schedule import Course, History, cosine
from .trees import REAL, Batch, Trees, collate

BATCH, RATE, KEPT_EVERY = 12, 4e-4, 200


def logits_of(network: Network, batch: Batch) -> Tensor:
    """Logits [n] of the judged tokens."""
    logits: Tensor = network(batch.ids, batch.positions, batch.masks, batch.judged)
    return logits


def loss_of(logits: Tensor, batch: Batch) -> Tensor:
    """
    Binary cross-entropy, real and made-up replies weighing the same; and, so that replies to one context are told apart and not only
    contexts, the log loss of each made-up reply against the real one of its place (Bradley and Terry 1952).
    """
    losses = batch.weights * F.binary_cross_entropy_with_logits(logits, batch.targets, reduction="none")
    made_up = torch.tensor([kind != REAL for kind in batch.kinds])
    sides = [losses[side].sum() / batch.weights[side].sum() for side in (made_up, ~made_up)]
    between = F.softplus(logits - logits[batch.real])[made_up]
    weights = batch.weights[made_up]
    return sum(sides) / 2 + (weights * between).sum() / weights.sum()


def learn_to_judge(network: Network, trees: Trees, seed: int, kept: Path) -> History:
    """The network is changed in place. What is learnt so far stands in the file `kept`; from there it goes on, to the same weights."""
    torch.manual_seed(seed)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=0.0)
    steps = len(trees) // BATCH
    course, done = Course("judging", steps), 0
    if kept.exists():
        before = torch.load(kept)
        network.load_state_dict(before["network"])
        optimizer.load_state_dict(before["optimizer"])
        course.history, done = before["history"], before["done"]
    for step in range(done + 1, steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = RATE * cosine(step, steps)
        batch = collate([tree for tree in (trees[(step - 1) * BATCH + index] for index in range(BATCH)) if tree.judged])
        loss = loss_of(logits_of(network, batch), batch)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        course.add(step, loss.item())
        if step % KEPT_EVERY == 0:
            state = {
                "network": network.state_dict(),
                "optimizer": optimizer.state_dict(),
                "history": course.history,
                "done": step,
            }
            torch.save(state, kept.with_suffix(".partial"))
            kept.with_suffix(".partial").rename(kept)
    return course.history
