"""Flags to options, and exit codes: 0, 1 fatal, 2 wrong use, 3 finished with bad rows, 130 interrupted."""

from __future__ import annotations

import argparse
import math
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from . import __version__
from .conversations import Fields
from .errors import UsageError
from .log import log
from .row_fields import DEFAULT_NAMES
from .rules import Continued, Given, Rule, Stars, Thumbs

INTERRUPTED = 128 + signal.SIGINT


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        run: Callable[[argparse.Namespace], int] = given.run
        return run(given)
    except UsageError as error:
        log(f"{parser.prog}: {error}")
        return 2
    except OSError as error:
        log(f"{parser.prog}: {error}")
        return 1
    except KeyboardInterrupt:
        log(f"{parser.prog}: interrupted")
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="reward-score-training", description="Makes GPT-2 reward models from chat logs, for reward-score."
    )
    parser.add_argument("-V", "--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_label(
        commands.add_parser(
            "label", help="logs to labelled rows", description="Logs to labelled rows, split by conversation."
        )
    )
    _add_train(
        commands.add_parser(
            "train", help="labelled rows to a reward model", description="Labelled rows to a reward model."
        )
    )
    return parser


def _add_label(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_run_label)
    parser.add_argument("logs", nargs="+", metavar="LOG", help="JSONL, CSV or TSV, also .gz; - is standard input")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="DIR",
        help="where train.jsonl, validation.jsonl, test.jsonl and account.json go",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace them")
    rule = parser.add_argument_group("what counts as accepted (one of)").add_mutually_exclusive_group(required=True)
    rule.add_argument(
        "--min-remaining", type=_whole(0), metavar="K", help="not retried, and at least K further user messages"
    )
    rule.add_argument("--min-stars", type=float, metavar="N", help="at least N stars; rows without stars are left out")
    rule.add_argument("--thumbs", action="store_true", help="thumbs up; rows without a thumb are left out")
    rule.add_argument("--given", action="store_true", help="the label that rows have, from 0 to 1")
    fields = parser.add_argument_group("fields")
    for role in DEFAULT_NAMES:
        fields.add_argument(f"--{role}", metavar="F", help=f"instead of {', '.join(DEFAULT_NAMES[role])}")
    fields.add_argument(
        "--conversation",
        metavar="F",
        help="the conversation's id (default: conversation_id, chat_id or dialogue_id, else what the conversation begins with)",
    )
    fields.add_argument("--retry-field", default="retry", metavar="F", help="default: %(default)s")
    fields.add_argument(
        "--remaining-field", default="remaining_user_messages", metavar="F", help="default: %(default)s"
    )
    fields.add_argument("--stars-field", default="stars", metavar="F", help="default: %(default)s")
    fields.add_argument("--thumbs-field", default="thumbs", metavar="F", help="default: %(default)s")
    fields.add_argument("--label-field", metavar="F", help="default: label or labels")
    splits = parser.add_argument_group("splits")
    splits.add_argument(
        "--validation", type=_share, default=0.05, metavar="SHARE", help="of the conversations (default: %(default)s)"
    )
    splits.add_argument(
        "--test", type=_share, default=0.05, metavar="SHARE", help="of the conversations (default: %(default)s)"
    )
    splits.add_argument(
        "--seed", type=int, default=0, metavar="N", help="another one, another split (default: %(default)s)"
    )
    parser.add_argument(
        "--from", dest="format_name", choices=("jsonl", "csv", "tsv"), help="default: by the file's name"
    )
    parser.add_argument("--errors", type=Path, metavar="FILE", help="every bad row as JSONL: file, line, code, message")


def _run_label(given: argparse.Namespace) -> int:
    from .label import LabelOptions, label
    from .splits import Shares

    if given.validation + given.test >= 1:
        raise UsageError(
            f"expected --validation and --test to leave rows to train on, got {given.validation} and {given.test}"
        )
    named = {role: name for role in DEFAULT_NAMES if (name := getattr(given, role)) is not None}
    options = LabelOptions(
        logs=given.logs,
        output=given.output,
        rule=_rule(given),
        shares=Shares(given.validation, given.test, given.seed),
        fields=Fields(named, given.conversation),
        format_name=given.format_name,
        errors=given.errors,
        overwrite=given.overwrite,
    )
    return label(options)


def _rule(given: argparse.Namespace) -> Rule:
    if given.min_remaining is not None:
        return Continued(given.min_remaining, given.retry_field, given.remaining_field)
    if given.min_stars is not None:
        return Stars(given.min_stars, given.stars_field)
    return Thumbs(given.thumbs_field) if given.thumbs else Given(given.label_field)


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_run_train)
    parser.add_argument(
        "data",
        type=Path,
        metavar="DATA",
        help="the folder that `label` wrote: train.jsonl, validation.jsonl and, if there, test.jsonl",
    )
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="the model; work in progress is DIR.work"
    )
    interrupted = parser.add_mutually_exclusive_group()
    interrupted.add_argument("--resume", action="store_true", help="go on where an interrupted run stopped")
    interrupted.add_argument("--overwrite", action="store_true", help="replace a model, or throw interrupted work away")
    start = parser.add_argument_group("what training begins with")
    start.add_argument(
        "-m",
        "--model",
        default=None,
        metavar="MODEL",
        help="a GPT-2 checkpoint, by folder or hub id (default: openai-community/gpt2)",
    )
    start.add_argument("--from-scratch", action="store_true", help="random weights; needs --tokenizer")
    start.add_argument("--tokenizer", metavar="DIR_OR_ID", help="default: the model's own")
    for name, value in (("n-layer", 12), ("n-head", 12), ("n-embd", 768), ("n-positions", 1024)):
        start.add_argument(f"--{name}", type=_whole(1), metavar="N", help=f"from scratch (default: {value})")
    card = parser.add_argument_group("hyper-parameters (defaults: the model card's)")
    card.add_argument(
        "--batch-size",
        type=_whole(1),
        default=64,
        metavar="N",
        help="rows a step, over all devices (default: %(default)s)",
    )
    card.add_argument("--learning-rate", type=_positive, default=1e-5, metavar="X", help="default: %(default)s")
    card.add_argument("--epochs", type=_whole(1), default=2, metavar="N", help="default: %(default)s")
    card.add_argument(
        "--max-length",
        type=_whole(1),
        default=256,
        metavar="N",
        help="tokens; longer texts lose their beginning (default: %(default)s)",
    )
    card.add_argument("--weight-decay", type=float, default=0.0, metavar="X", help="default: %(default)s")
    card.add_argument("--warmup-steps", type=_whole(0), default=0, metavar="N", help="default: %(default)s")
    card.add_argument(
        "--schedule",
        default="linear",
        choices=("linear", "cosine", "constant_with_warmup"),
        help="of the learning rate (default: %(default)s)",
    )
    card.add_argument("--seed", type=int, default=0, metavar="N", help="default: %(default)s")
    machine = parser.add_argument_group("the machine")
    machine.add_argument(
        "--precision",
        default="fp32",
        choices=("fp32", "bf16", "fp16"),
        help="of the computation; weights and their updates stay float32 (default: %(default)s)",
    )
    machine.add_argument(
        "--micro-batch-size", type=_whole(1), metavar="N", help="rows a device takes at once (default: at most 16)"
    )
    machine.add_argument(
        "--save-steps",
        type=_whole(1),
        default=1000,
        metavar="N",
        help="steps between checkpoints (default: %(default)s)",
    )
    machine.add_argument("--log-steps", type=_whole(1), default=100, metavar="N", help="default: %(default)s")
    machine.add_argument("--keep-checkpoints", action="store_true", help="leave DIR.work when done")
    machine.add_argument("--cpu", action="store_true", help="even where there is a GPU")
    result = parser.add_argument_group("the model that is written")
    result.add_argument("--save-dtype", default="float32", choices=("float32", "float16"), help="default: %(default)s")
    result.add_argument("--licence", metavar="NAME", help="for the card, as the Hub spells it: cc-by-nc-4.0")
    result.add_argument("--title", metavar="TEXT", help="of the card (default: the folder's name)")


def _run_train(given: argparse.Namespace) -> int:
    sizes = {
        name: value
        for name in ("n_layer", "n_head", "n_embd", "n_positions")
        if (value := getattr(given, name)) is not None
    }
    if given.from_scratch and (given.model is not None or given.tokenizer is None):
        raise UsageError("--from-scratch: expected --tokenizer, and no --model")
    if sizes and not given.from_scratch:
        raise UsageError(f"--{next(iter(sizes)).replace('_', '-')}: expected --from-scratch beside it")
    # torch and transformers take seconds to load, which `label` and --help need not wait for.
    from .checkpoint import Scratch, Start
    from .train import Hyperparameters, TrainOptions, train

    model: str | None = None if given.from_scratch else given.model or "openai-community/gpt2"
    options = TrainOptions(
        data=given.data,
        output=given.output,
        start=Start(
            model=model,
            scratch=Scratch(**sizes) if given.from_scratch else None,
            tokenizer=str(given.tokenizer or model),
            max_length=given.max_length,
        ),
        hyperparameters=Hyperparameters(
            batch_size=given.batch_size,
            learning_rate=given.learning_rate,
            epochs=given.epochs,
            weight_decay=given.weight_decay,
            warmup_steps=given.warmup_steps,
            schedule=given.schedule,
            max_length=given.max_length,
            seed=given.seed,
        ),
        licence=given.licence,
        title=given.title,
        precision=given.precision,
        save_dtype=given.save_dtype,
        micro_batch=given.micro_batch_size,
        save_steps=given.save_steps,
        log_steps=given.log_steps,
        cpu=given.cpu,
        resume=given.resume,
        overwrite=given.overwrite,
        keep_checkpoints=given.keep_checkpoints,
    )
    return train(options)


def _whole(least: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"expected a whole number from {least} up, got {text}")
        return int(text)

    return whole


def _positive(text: str) -> float:
    value = _number(text)
    if not value > 0:
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text}")
    return value


def _share(text: str) -> float:
    value = _number(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"expected a share from 0 to below 1, got {text}")
    return value


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"expected a number, got {text}")
    return value


if __name__ == "__main__":
    sys.exit(main())
