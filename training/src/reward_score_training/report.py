"""The card of a model that `train` made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .calibration import Bias
from .card import Card, Table, render


@dataclass(frozen=True)
class Figure:
    """Of one split that was not trained on. Measured on the model as it was written; `before` is without calibration."""

    split: str
    rows: int
    auc: float
    log_loss: float
    log_loss_before: float
    # Of the training rows' base rate, given for every row.
    log_loss_constant: float
    mean_probability: float
    base_rate: float


@dataclass(frozen=True)
class Outcome:
    figures: Sequence[Figure]
    # None where no positive one helps.
    temperature: float | None
    bias: Bias
    note: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def write_card(path: Path, title: str, licence: str | None, record: dict[str, Any], outcome: Outcome) -> None:
    path.write_text(render(_card(title, licence, record, outcome)), encoding="utf-8")


def _card(title: str, licence: str | None, record: dict[str, Any], outcome: Outcome) -> Card:
    chosen, base, data, labels = record["hyperparameters"], record["base"], record["data"], record["labels"]
    soft = any(source["soft"] for source in data.values())
    rule = labels["rule"] if labels else "as the files had it, made elsewhere"
    return Card(
        title=title,
        summary=(
            "A reward model: the logit of the probability that a user accepts a chatbot's reply, "
            f"given the conversation before it. What counts: {rule}."
        ),
        licence=licence,
        base_model=base.get("name") if "revision" in base else None,
        max_length=chosen["max_length"],
        data=Table(
            ("split", "file", "rows", "base rate", f"cut to {chosen['max_length']} tokens", "sha256"),
            [
                (name, source["name"], source["rows"], source["base_rate"], source["truncated"], source["sha256"])
                for name, source in data.items()
            ],
            intro=_origin(labels),
        ),
        training={
            "network": _network(base),
            "parameters": record["parameters"],
            "loss": "binary cross-entropy on the logit",
            "optimiser": "AdamW",
            **{name.replace("_", " "): str(value) for name, value in chosen.items()},
            "truncation": "left",
            "padding": "right",
        },
        figures=[
            Table(
                (
                    "split",
                    "rows",
                    "base rate",
                    "mean probability",
                    "AUC",
                    "log loss",
                    "before calibration",
                    "base rate alone",
                ),
                [
                    (
                        f.split,
                        f.rows,
                        f.base_rate,
                        f.mean_probability,
                        f.auc,
                        f.log_loss,
                        f.log_loss_before,
                        f.log_loss_constant,
                    )
                    for f in outcome.figures
                ],
                intro="On rows that were not trained on, of the model as it is in this folder. The temperature was fitted on validation."
                + (" Targets are soft: AUC takes those of at least 0.5 as accepted." if soft else ""),
            )
        ],
        calibration=_calibration(outcome),
        limits=[
            "It predicts what users of these logs did, and nothing else: not truth, harm, or help.",
            "Other users, other languages and other bots than those of the logs were not measured.",
            "Users who leave for reasons of their own count as those who did not like the reply: labels are noisy.",
            f"It reads the last {chosen['max_length']} tokens; what was said before is not seen.",
        ],
        versions=record["versions"],
    )


def _origin(labels: dict[str, Any] | None) -> str:
    if labels is None:
        return ""
    logs = ", ".join(f"{log['name']} (sha256 {log['sha256']})" for log in labels["inputs"])
    how = (
        "the id that rows have" if labels["conversations_by"]["beginning"] == 0 else "their ids or what they begin with"
    )
    return (
        f"From {logs}: {labels['rows']:,} rows, {labels['labelled']:,} labelled, {labels['unlabelled']:,} without what the rule asks for, "
        f"{sum(labels['bad'].values()):,} bad. Split by conversation ({how}), seed {labels['seed']}; a text stands in one split only."
    )


def _network(base: dict[str, Any]) -> str:
    if "from_scratch" in base:
        return "GPT-2 from scratch, " + ", ".join(f"{name} {value}" for name, value in base["from_scratch"].items())
    mark = base.get("revision") or base.get("sha256")
    return f"GPT-2 from {base['name']} ({mark})"


def _calibration(outcome: Outcome) -> str:
    if outcome.temperature is None:
        return outcome.note
    return f"Logits are divided by a temperature of {outcome.temperature:.4g}: it is folded into `score.weight`. {outcome.note}"
