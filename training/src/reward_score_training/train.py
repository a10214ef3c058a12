"""The command `train`: labelled rows become a reward model, its calibration and its card."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainingArguments, set_seed
from transformers.utils import logging

from .calibration import HIGHEST, LOWEST, Bias, NoTemperature, fit_bias, fit_temperature, fold
from .card import versions
from .checkpoint import Start, identity, load_network, load_tokenizer, load_trained, read_config
from .checkpoints import MarkComplete, claim, last_complete
from .errors import UsageError
from .label import ACCOUNT
from .log import counted, log
from .metrics import auc, log_loss
from .report import Figure, Outcome, write_card
from .splits import SPLITS, TEST, TRAIN, VALIDATION
from .tokens import Split, find_split, sha256_of, sha256_of_tokenizer, tokenized
from .trainer import Progress, RewardTrainer, held_out_metrics, logits_of

DTYPES = {"float32": torch.float32, "float16": torch.float16}
# The largest number of rows that a device takes at once, unless a flag says otherwise.
MICRO_BATCH = 16


@dataclass(frozen=True)
class Hyperparameters:
    """The model card's, where it states them; the others are the Trainer's defaults."""

    batch_size: int = 64
    learning_rate: float = 1e-5
    epochs: int = 2
    weight_decay: float = 0.0
    warmup_steps: int = 0
    schedule: str = "linear"
    max_length: int = 256
    seed: int = 0


@dataclass(frozen=True)
class TrainOptions:
    data: Path
    output: Path
    start: Start
    hyperparameters: Hyperparameters
    licence: str | None = None
    title: str | None = None
    precision: str = "fp32"
    save_dtype: str = "float32"
    micro_batch: int | None = None
    save_steps: int = 1000
    log_steps: int = 100
    cpu: bool = False
    resume: bool = False
    overwrite: bool = False
    keep_checkpoints: bool = False


def train(options: TrainOptions) -> int:
    """The exit code. Every process of a launch on several devices runs it."""
    try:
        return _train(options)
    finally:
        # What a launch on several devices began; without one there is none.
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()


def _train(options: TrainOptions) -> int:
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    work = options.output.with_name(f"{options.output.name}.work")
    if options.output.exists() and options.resume and not work.exists():
        log(f"{options.output}: finished before")
        return 0
    if options.output.exists() and not (options.overwrite or options.resume):
        raise UsageError(f"{options.output}: expected a new folder, got one that exists: --overwrite replaces it")
    files = _find_splits(options.data)
    config = read_config(options.start)
    tokenizer = load_tokenizer(options.start, config)
    base = identity(options.start, config)
    hashes = {name: sha256_of([path]) for name, path in files.items()}
    args = _arguments(options, work / "checkpoints", options.precision)
    _fit_batches(args, options)
    # One process claims the folder and tokenises; the others find its files.
    with args.main_process_first(local=False):
        if _is_main(args):
            settings = _settings(options, base, args, tokenizer, hashes)
            claim(work, settings, resume=options.resume, overwrite=options.overwrite)
        length = options.hyperparameters.max_length
        splits = {
            name: tokenized(path, hashes[name], tokenizer, length, work / "tokens") for name, path in files.items()
        }
    # Evaluated at the end of each epoch, but as a step: a checkpoint then follows it, and a resumed run has the same
    # random state.
    args.eval_strategy = "steps"
    args.eval_steps = _steps_of_epoch(args, splits[TRAIN].rows.num_rows)
    if _is_main(args):
        _log_start(splits, args, options)
    set_seed(args.seed)
    trainer = RewardTrainer(
        load_network(options.start, tokenizer),
        args,
        tokenizer,
        train_dataset=splits[TRAIN].rows,
        eval_dataset=splits[VALIDATION].rows,
        compute_metrics=held_out_metrics,
        callbacks=[MarkComplete(), Progress()],
    )
    trainer.accelerator.wait_for_everyone()
    checkpoint = last_complete(work / "checkpoints")
    if options.resume and _is_main(args):
        log(f"going on after {checkpoint.name}" if checkpoint else "nothing to go on with: training begins")
    trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    trainer.save_model(str(work / "trained"))
    trainer.accelerator.wait_for_everyone()
    _finish(options, work, tokenizer, splits, base, trainer.state.log_history)
    return 0


def _arguments(options: TrainOptions, directory: Path, precision: str) -> TrainingArguments:
    chosen = options.hyperparameters
    return TrainingArguments(
        output_dir=str(directory),
        learning_rate=chosen.learning_rate,
        num_train_epochs=chosen.epochs,
        weight_decay=chosen.weight_decay,
        warmup_steps=chosen.warmup_steps,
        lr_scheduler_type=chosen.schedule,
        seed=chosen.seed,
        bf16=precision == "bf16",
        fp16=precision == "fp16",
        use_cpu=options.cpu or not torch.accelerator.is_available(),
        label_names=["labels"],
        logging_steps=options.log_steps,
        # The last ones: of two, one is whole, whenever the other is being written.
        save_strategy="steps",
        save_steps=options.save_steps,
        save_total_limit=2,
        disable_tqdm=True,
        report_to=[],
        ddp_find_unused_parameters=False,
    )


def _fit_batches(args: TrainingArguments, options: TrainOptions) -> None:
    """Micro-batches and their accumulation, so that a step sees `batch_size` rows on any number of devices."""
    devices = args.world_size * max(1, args.n_gpu)
    batch = options.hyperparameters.batch_size
    share = batch // devices
    if batch % devices or share == 0:
        raise UsageError(f"--batch-size {batch}: expected a multiple of the {counted(devices, 'device')}")
    micro = options.micro_batch or max(size for size in range(1, min(MICRO_BATCH, share) + 1) if share % size == 0)
    if share % micro:
        raise UsageError(
            f"--micro-batch-size {micro}: expected a divisor of {share} (batch size {batch}, {counted(devices, 'device')})"
        )
    args.per_device_train_batch_size = args.per_device_eval_batch_size = micro
    args.gradient_accumulation_steps = share // micro


def _steps_of_epoch(args: TrainingArguments, rows: int) -> int:
    micro_batches = math.ceil(rows / (args.per_device_train_batch_size * max(1, args.n_gpu)))
    steps: int = math.ceil(math.ceil(micro_batches / args.world_size) / args.gradient_accumulation_steps)
    return steps


def _find_splits(directory: Path) -> dict[str, Path]:
    found = {name: path for name in SPLITS if (path := find_split(directory, name)) is not None}
    for name in (TRAIN, VALIDATION):
        if name not in found:
            raise UsageError(f"{directory}: expected {name}.jsonl or the like (`label` writes it), got none")
    return found


def _settings(
    options: TrainOptions,
    base: dict[str, Any],
    args: TrainingArguments,
    tokenizer: PreTrainedTokenizerBase,
    hashes: dict[str, str],
) -> dict[str, Any]:
    """What the weights depend on."""
    return {
        "base": base,
        "tokenizer": sha256_of_tokenizer(tokenizer),
        **asdict(options.hyperparameters),
        "precision": options.precision,
        "micro_batch": args.per_device_train_batch_size,
        "data": hashes,
    }


def _finish(
    options: TrainOptions,
    work: Path,
    tokenizer: PreTrainedTokenizerBase,
    splits: dict[str, Split],
    base: dict[str, Any],
    history: list[dict[str, Any]],
) -> None:
    """Calibrates, writes the model, and measures what was written as its users will load it."""
    args = _arguments(options, work / "checkpoints", "fp32")
    args.per_device_eval_batch_size = options.micro_batch or MICRO_BATCH
    held_out = {name: splits[name] for name in (VALIDATION, TEST) if name in splits}
    model = load_trained(work / "trained")
    before = {name: logits_of(model, split.rows, args, tokenizer) for name, split in held_out.items()}
    temperature, bias, note = _calibrate(model, *before[VALIDATION])
    written = work / "model"
    if _is_main(args):
        shutil.rmtree(written, ignore_errors=True)
        # The Trainer turns it off.
        model.config.use_cache = True
        # A decorator of transformers hides that this is a method.
        model.to(dtype=DTYPES[options.save_dtype]).save_pretrained(written)  # type: ignore[call-arg]
        tokenizer.save_pretrained(written)
        for weights in written.glob("*.safetensors"):
            # Safetensors lets nobody else read them.
            shutil.copymode(written / "config.json", weights)
    args.distributed_state.wait_for_everyone()
    model = load_trained(written)
    figures = []
    for name, split in held_out.items():
        logits, labels = logits_of(model, split.rows, args, tokenizer)
        figures.append(_figure(name, logits, labels, before[name][0], splits[TRAIN].source.base_rate))
    if _is_main(args):
        outcome = Outcome(figures, temperature, bias, note)
        _write(options, work, written, splits, base, history, outcome, model)
    args.distributed_state.wait_for_everyone()


def _calibrate(
    model: PreTrainedModel, logits: NDArray[np.float64], labels: NDArray[np.float64]
) -> tuple[float | None, Bias, str]:
    """Folds the temperature in. The note says what it could not do."""
    try:
        temperature = fit_temperature(logits, labels)
    except NoTemperature as error:
        return None, fit_bias(logits, labels, 1.0), f"Not calibrated: {error}."
    fold(model, temperature)
    bias = fit_bias(logits, labels, temperature)
    notes = []
    if not LOWEST * 1.01 < temperature < HIGHEST * 0.99:
        notes.append(f"The temperature is at its bound: the best is beyond {temperature:.3g}.")
    if bias.significant:
        notes.append(
            f"A bias of {bias.bias:+.3f} would have lowered the validation log loss from {bias.loss_without:.4f} to {bias.loss:.4f}: "
            "the mean probability is off the base rate, which no positive temperature can mend (the head has no bias). "
            "The order of replies does not depend on it."
        )
    else:
        notes.append("A bias would not have helped beyond chance (likelihood ratio, 5 %).")
    return temperature, bias, " ".join(notes)


def _figure(
    name: str, logits: NDArray[np.float64], labels: NDArray[np.float64], before: NDArray[np.float64], base_rate: float
) -> Figure:
    constant = np.full(len(labels), math.log(base_rate / (1 - base_rate)) if 0 < base_rate < 1 else 0.0)
    return Figure(
        split=name,
        rows=len(labels),
        auc=auc(logits, labels >= 0.5),
        log_loss=log_loss(logits, labels),
        log_loss_before=log_loss(before, labels),
        log_loss_constant=log_loss(constant, labels),
        mean_probability=float(np.mean(1 / (1 + np.exp(-logits)))),
        base_rate=float(np.mean(labels)),
    )


def _write(
    options: TrainOptions,
    work: Path,
    written: Path,
    splits: dict[str, Split],
    base: dict[str, Any],
    history: list[dict[str, Any]],
    outcome: Outcome,
    model: PreTrainedModel,
) -> None:
    account = options.data / ACCOUNT
    record = {
        "base": base,
        "hyperparameters": {
            **asdict(options.hyperparameters),
            "precision": options.precision,
            "save_dtype": options.save_dtype,
        },
        "parameters": model.num_parameters(),
        "data": {name: asdict(split.source) for name, split in splits.items()},
        "labels": json.loads(account.read_text(encoding="utf-8")) if account.exists() else None,
        "outcome": outcome.as_json(),
        "versions": versions(),
        "history": history,
    }
    (written / "training.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    write_card(written / "README.md", options.title or options.output.name, options.licence, record, outcome)
    if options.output.exists():
        shutil.rmtree(options.output)
    written.replace(options.output)
    if not options.keep_checkpoints:
        shutil.rmtree(work)
    for figure in outcome.figures:
        log(
            f"{figure.split}: {counted(figure.rows, 'row')}, AUC {figure.auc:.4f}, log loss {figure.log_loss:.4f} "
            f"(before calibration {figure.log_loss_before:.4f}, the base rate alone {figure.log_loss_constant:.4f})"
        )
    log(f"temperature {outcome.temperature:.4g}. {outcome.note}" if outcome.temperature else outcome.note)
    log(f"{options.output}: written")


def _log_start(splits: dict[str, Split], args: TrainingArguments, options: TrainOptions) -> None:
    for name, split in splits.items():
        source = split.source
        log(
            f"{name}: {counted(source.rows, 'row')}, base rate {source.base_rate:.4f}, {source.truncated:,} cut to {options.hyperparameters.max_length} tokens"
        )
    devices = args.world_size * max(1, args.n_gpu)
    log(
        f"batches of {options.hyperparameters.batch_size}: {counted(devices, 'device')} x {args.per_device_train_batch_size} rows "
        f"x {args.gradient_accumulation_steps}, {options.precision}"
    )


def _is_main(args: TrainingArguments) -> bool:
    return bool(args.process_index == 0)
