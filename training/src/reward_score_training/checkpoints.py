"""What of an interrupted training can be gone on with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from .errors import UsageError

SETTINGS = "run.json"
COMPLETE = "complete"


class MarkComplete(TrainerCallback):
    """Trainer writes a checkpoint file by file; one without this mark was cut short."""

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if state.is_world_process_zero:
            (Path(str(args.output_dir)) / f"checkpoint-{state.global_step}" / COMPLETE).touch()


def last_complete(directory: Path) -> Path | None:
    found = [path.parent for path in directory.glob(f"checkpoint-*/{COMPLETE}")]
    return max(found, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def claim(work: Path, settings: dict[str, Any], *, resume: bool, overwrite: bool) -> None:
    """Begins afresh, or goes on with what the same settings began; anything else is refused."""
    stored = work / SETTINGS
    if overwrite:
        shutil.rmtree(work, ignore_errors=True)
    if stored.exists():
        if not resume:
            raise UsageError(f"{work}: there is interrupted work: --resume goes on with it, --overwrite begins afresh")
        before = json.loads(stored.read_text(encoding="utf-8"))
        differing = sorted(name for name in {*before, *settings} if before.get(name) != settings.get(name))
        if differing:
            name = differing[0]
            raise UsageError(
                f"{work}: expected the settings of the interrupted run: {name} was {before.get(name)!r} and is "
                f"{settings.get(name)!r}; --overwrite begins afresh"
            )
        return
    work.mkdir(parents=True, exist_ok=True)
    partial = stored.with_suffix(".partial")
    partial.write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    partial.replace(stored)
