"""The model card: README.md of a model's directory. It knows of no recipe, so that every one can use it."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version

PACKAGES = ("torch", "transformers", "accelerate", "datasets", "tokenizers", "numpy")


@dataclass(frozen=True)
class Table:
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    # A sentence before it.
    intro: str = ""


@dataclass(frozen=True)
class Card:
    title: str
    # What the reward means, in a sentence or two.
    summary: str
    # An SPDX name as the Hub has it, or None where nobody said.
    licence: str | None
    data: Table
    training: Mapping[str, object]
    figures: Sequence[Table]
    limits: Sequence[str]
    max_length: int = 256
    base_model: str | None = None
    calibration: str = ""
    # Further sections: title and Markdown.
    sections: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=lambda: versions())  # noqa: PLW0108 - it is defined below


def versions() -> dict[str, str]:
    """What made the model."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def render(card: Card) -> str:
    sections = {
        "Use": _use(card),
        "Data": _table(card.data),
        "Training": _list(card.training),
        "Figures": "\n\n".join(_table(table) for table in card.figures),
        **({"Calibration": card.calibration} if card.calibration else {}),
        **card.sections,
        "Limits": "\n".join(f"- {limit}" for limit in card.limits),
        "Licence": card.licence or "None was stated: ask whoever gave you this model.",
        "Versions": _list(card.versions),
    }
    body = "\n".join(f"## {title}\n\n{text}\n" for title, text in sections.items())
    return f"{_front_matter(card)}\n# {card.title}\n\n{card.summary}\n\n{body}"


def _front_matter(card: Card) -> str:
    lines = [
        *([f"license: {card.licence}"] if card.licence else []),
        *([f"base_model: {card.base_model}"] if card.base_model else []),
        "library_name: transformers",
        "pipeline_tag: text-classification",
        # `reward-score model info` shows it. YAML reads a string of JSON as JSON does.
        f"description: {json.dumps(card.summary, ensure_ascii=False)}",
        "tags:",
        "- reward-model",
    ]
    return "\n".join(["---", *lines, "---", ""])


def _use(card: Card) -> str:
    return f"""The reward is the raw logit; its sigmoid is the probability of acceptance. Text is cut from the left to {card.max_length} tokens.

```sh
reward-score -m PATH_TO_THIS_FOLDER chats.jsonl > scored.jsonl
```

```python
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

model = AutoModelForSequenceClassification.from_pretrained(PATH_TO_THIS_FOLDER, dtype=torch.float32)
tokenizer = AutoTokenizer.from_pretrained(PATH_TO_THIS_FOLDER, truncation_side="left", padding_side="right")
tokens = tokenizer(texts, return_tensors="pt", padding="longest", truncation=True, max_length={card.max_length})
rewards = model(**tokens).logits[:, 0]
```"""


def _table(table: Table) -> str:
    head = ["| " + " | ".join(table.columns) + " |", "|" + "---|" * len(table.columns)]
    rows = ["| " + " | ".join(_shown(cell) for cell in row) + " |" for row in table.rows]
    return "\n".join([*([table.intro, ""] if table.intro else []), *head, *rows])


def _list(values: Mapping[str, object]) -> str:
    return "\n".join(f"- {name}: {_shown(value)}" for name, value in values.items())


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e-3 else f"{value:.4f}"
    return str(value).replace("|", "\\|").replace("\n", " ")
