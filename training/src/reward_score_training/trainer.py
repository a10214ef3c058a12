"""Hugging Face's Trainer with the card's loss and an order of rows that a resumed run finds again."""

from __future__ import annotations

import math
import time
from typing import Any, cast

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch.nn.functional import binary_cross_entropy_with_logits
from transformers import (
    DataCollatorWithPadding,
    EvalPrediction,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.modeling_outputs import SequenceClassifierOutputWithPast

from .log import log
from .metrics import auc
from .order import LengthGroupedOrder


class RewardTrainer(Trainer):
    def __init__(
        self, model: PreTrainedModel, args: TrainingArguments, tokenizer: PreTrainedTokenizerBase, **others: Any
    ) -> None:
        # Tensor cores of half precision like widths of eight.
        multiple = 8 if (args.bf16 or args.fp16) and not args.use_cpu else None
        super().__init__(
            model=model,
            args=args,
            data_collator=DataCollatorWithPadding(tokenizer, pad_to_multiple_of=multiple),
            compute_loss_func=cross_entropy,
            **others,
        )
        # It writes to standard output.
        self.remove_callback(PrinterCallback)
        self._order: LengthGroupedOrder | None = None

    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> LengthGroupedOrder:
        # Of the dataset as it was given: what is passed here has lost the columns that the network does not take.
        lengths = cast(Dataset, self.train_dataset).with_format("numpy")["length"][:]
        self._order = LengthGroupedOrder(lengths, self.args.per_device_train_batch_size, self.args.seed)
        self.add_callback(_Epochs(self._order))
        return self._order


class _Epochs(TrainerCallback):
    """Tells the order its epoch: a loader that skips rows after a resume does not, on several devices."""

    def __init__(self, order: LengthGroupedOrder) -> None:
        self._order = order

    def on_epoch_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        steps = math.ceil(state.max_steps / args.num_train_epochs)
        self._order.set_epoch(state.global_step // steps)


def cross_entropy(
    outputs: SequenceClassifierOutputWithPast,
    labels: torch.Tensor,
    num_items_in_batch: torch.Tensor | int | None = None,
) -> torch.Tensor:
    """The mean over the whole batch, of which these rows may be a part."""
    logits = cast(torch.Tensor, outputs.logits).float().reshape(-1)
    labels = labels.float().reshape(-1)
    if num_items_in_batch is None:
        return binary_cross_entropy_with_logits(logits, labels)
    return binary_cross_entropy_with_logits(logits, labels, reduction="sum") / num_items_in_batch


def held_out_metrics(prediction: EvalPrediction) -> dict[str, float]:
    return {"auc": auc(prediction.predictions, np.asarray(prediction.label_ids) >= 0.5)}


def logits_of(
    model: PreTrainedModel, rows: Dataset, args: TrainingArguments, tokenizer: PreTrainedTokenizerBase
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Logits and labels of rows, in an order of their own."""
    # Like lengths together: little padding.
    order = np.argsort(-rows.with_format("numpy")["length"][:], kind="stable")
    prediction = RewardTrainer(model, args, tokenizer).predict(rows.select(order))
    return np.asarray(prediction.predictions, dtype=np.float64).reshape(-1), np.asarray(
        prediction.label_ids, dtype=np.float64
    ).reshape(-1)


class Progress(TrainerCallback):
    """A line on standard error whenever something is logged."""

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._began, self._first = time.monotonic(), state.global_step

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        if not state.is_world_process_zero or not logs:
            return
        where = f"step {state.global_step:,}/{state.max_steps:,}"
        if "eval_loss" in logs:
            log(f"{where}  validation: log loss {logs['eval_loss']:.4f}, AUC {logs['eval_auc']:.4f}")
        elif "loss" in logs:
            done = state.global_step - self._first
            left = (time.monotonic() - self._began) / max(1, done) * (state.max_steps - state.global_step)
            log(
                f"{where}  loss {float(logs['loss']):.4f}  learning rate {logs['learning_rate']:.3g}  {_duration(left)} left"
            )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
