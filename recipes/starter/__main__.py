"""
Makes a small reward model of public dialogues: `python -m starter --data DIR --work DIR --out DIR`.

What is finished stands in the work folder, and the same command goes on from there. An hour and a quarter on two cores.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch
from tokenizers import Tokenizer
from transformers import GPT2ForSequenceClassification
from transformers.utils.logging import set_verbosity_error

from reward_score_training.card import render, versions

from . import calibrating, card, corpus, evaluation, judging, matching, vocabulary
from .corpus import Json
from .negatives import Negatives
from .network import Network, for_transformers
from .summing import order_sums
from .trees import Trees
from .wiring import WORD, wire
from .words import learn_words

WORDS_PASSES, MATCHING_PASSES, JUDGING_PASSES = 4, 2, 1.5
#: Dialogues that show which numbers are large.
SAMPLE = 50

Made = TypeVar("Made")

TOOL = Path(__file__).parents[2] / "bin" / "reward-score.js"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m starter", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of dialogue_*.jsonl.gz and cand_*.jsonl.gz")
    parser.add_argument(
        "--work", type=Path, required=True, help="folder of what is finished: the vocabulary and each stage"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the model")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--share", type=float, default=1.0, help="of the training dialogues: less for a trial")
    options = parser.parse_args()
    set_verbosity_error()
    torch.set_num_threads(2)
    make(options.data, options.work, options.out, options.seed, options.share)


def make(data: Path, work: Path, out: Path, seed: int, share: float) -> None:
    work.mkdir(parents=True, exist_ok=True)
    parts = corpus.split(corpus.read_dialogues(data))
    train = parts["train"][: int(len(parts["train"]) * share)]
    log = Log(work / "log.json")
    log.add("seed", seed)
    log.add("versions", versions())
    log.add("dialogues", {name: len(part) for name, part in parts.items()} | {"trained_on": len(train)})
    log.add("turns", {name: sum(len(dialogue.turns) for dialogue in part) for name, part in parts.items()})

    tokenizer_file = work / "tokenizer.json"
    if not tokenizer_file.exists():
        vocabulary.learn_vocabulary(train, seed).save(str(tokenizer_file))
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    size = tokenizer.get_vocab_size()

    vectors = stage(log, work / "words.pt", lambda: learn_words(train, tokenizer, WORD.stop, seed, WORDS_PASSES))

    def match() -> dict[str, Any]:
        torch.manual_seed(seed)
        network = Network(size)
        wire(network, vectors, vocabulary.id_of(tokenizer, ":"), vocabulary.id_of(tokenizer, "\u010a"), seed)
        steps = MATCHING_PASSES * len(train) // matching.BATCH
        log.add("matching", matching.learn_to_match(network, train, tokenizer, seed, steps))
        return network.state_dict()

    network = Network(size)
    network.load_state_dict(stage(log, work / "matching.pt", match))

    def judge() -> dict[str, Any]:
        trees, kept = Trees(train, Negatives(train), tokenizer, seed, JUDGING_PASSES), work / "judging-so-far.pt"
        log.add("judging", judging.learn_to_judge(network, trees, seed, kept))
        kept.unlink(missing_ok=True)
        return network.state_dict()

    network.load_state_dict(stage(log, work / "judging.pt", judge))
    judged = Trees(parts["valid"], Negatives(parts["valid"]), tokenizer, seed)
    log.add("calibration", calibrating.calibrate(network, judged))
    model = for_transformers(network)
    order_sums(model, [judged[index].trunk for index in range(min(SAMPLE, len(judged)))])
    save(model.half(), tokenizer, out)
    log.add("figures", evaluation.figures(["node", str(TOOL)], out, data, train, parts["test"], work / "pairs", seed))
    (out / "README.md").write_text(render(card.card(log.entries)), encoding="utf-8")


def stage(log: Log, file: Path, learn: Callable[[], Made]) -> Made:
    """What the stage made, from its file where it was finished before."""
    if not file.exists():
        with log.minutes(file.stem):
            made = learn()
        partial = file.with_suffix(".partial")
        torch.save(made, partial)
        partial.rename(file)
    finished: Made = torch.load(file)
    return finished


def save(model: GPT2ForSequenceClassification, tokenizer: Tokenizer, folder: Path) -> None:
    model.save_pretrained(folder)
    vocabulary.for_transformers(tokenizer).save_pretrained(folder)


class Log:
    """What was done and what came of it, in a file that a run which goes on adds to."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.entries: Json = json.loads(file.read_text()) if file.exists() else {}

    def add(self, name: str, value: object) -> None:
        self.entries[name] = value
        self._file.write_text(json.dumps(self.entries, indent=1) + "\n")
        print(name, json.dumps(value)[:300], flush=True)

    def minutes(self, name: str) -> Minutes:
        return Minutes(self, name)


class Minutes:
    def __init__(self, log: Log, name: str) -> None:
        self._log, self._name = log, name

    def __enter__(self) -> None:
        self._start = time.monotonic()

    def __exit__(self, *_: object) -> None:
        taken = (time.monotonic() - self._start) / 60
        self._log.add("minutes", {**self._log.entries.get("minutes", {}), self._name: round(taken, 1)})


if __name__ == "__main__":
    main()
