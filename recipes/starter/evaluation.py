"""What the model knows, on dialogues it never saw: `reward-score eval` on pairs of the real next turn and a made-up one."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from random import Random

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from .augmentation import FIRST_NAMES
from .corpus import Dialogue, Json
from .negatives import KINDS, UNSEEN_GENERIC, Negatives

Pair = Json


def pairs(dialogues: list[Dialogue], kind: str, seed: int) -> list[Pair]:
    """One pair of each dialogue, so that pairs are independent; the speakers are `user` and `bot`, and the last message is the user's."""
    negatives, random, drawn = Negatives(dialogues, UNSEEN_GENERIC), Random(f"{kind} {seed}"), []
    for dialogue in dialogues:
        places = list(range(1, len(dialogue.turns)))
        random.shuffle(places)
        for k in places:
            rejected = negatives.draw(kind, dialogue, k, random)
            if rejected is not None:
                drawn.append(pair(dialogue, k, rejected))
                break
    return drawn


def pair(dialogue: Dialogue, k: int, rejected: str) -> Pair:
    bot = dialogue.turns[k].speaker
    context = [{"role": "bot" if turn.speaker == bot else "user", "content": turn.text} for turn in dialogue.turns[:k]]
    return {
        "messages": context,
        "chosen": dialogue.turns[k].text,
        "rejected": rejected,
        "bot_name": "bot",
        "source": dialogue.source,
    }


def renamed(pairs: list[Pair], seed: int) -> list[Pair]:
    """The same pairs, with first names of people as speakers."""
    random, changed = Random(f"names {seed}"), []
    for it in pairs:
        user, bot = random.sample(FIRST_NAMES, 2)
        name = {"user": user, "bot": bot}
        messages = [{"role": name[message["role"]], "content": message["content"]} for message in it["messages"]]
        changed.append({**it, "messages": messages, "bot_name": bot})
    return changed


class WordOverlap:
    """The TF-IDF cosine of a reply and its context: what can be had without learning what a conversation is."""

    def __init__(self, dialogues: list[Dialogue]) -> None:
        self._vectors = TfidfVectorizer(sublinear_tf=True, stop_words="english")
        self._vectors.fit(turn.text for dialogue in dialogues for turn in dialogue.turns)

    def scored(self, pairs: list[Pair], last_turns: int) -> list[Json]:
        def similarity(side: str) -> np.ndarray:
            contexts = [" ".join(message["content"] for message in it["messages"][-last_turns:]) for it in pairs]
            a, b = self._vectors.transform(contexts), self._vectors.transform([it[side] for it in pairs])
            return np.asarray(a.multiply(b).sum(axis=1)).ravel()

        rows = zip(pairs, similarity("chosen"), similarity("rejected"), strict=True)
        return [
            {**it, "reward_chosen": float(chosen), "reward_rejected": float(rejected)} for it, chosen, rejected in rows
        ]


def evaluate(tool: list[str], file: Path, *flags: str) -> Json:
    """What `reward-score eval --json` prints."""
    run = subprocess.run(
        [*tool, "eval", str(file), "--json", "-q", *flags], stdout=subprocess.PIPE, text=True, check=False
    )
    if run.returncode not in (0, 3):
        raise RuntimeError(f"reward-score eval {file}: exit code {run.returncode}")
    report: Json = json.loads(run.stdout)
    return report


def figures(
    tool: list[str], model: Path, data: Path, train: list[Dialogue], test: list[Dialogue], work: Path, seed: int
) -> Json:
    """Every figure of the model's card: value, low and high of 95 % intervals."""
    work.mkdir(parents=True, exist_ok=True)
    overlap, named, found = WordOverlap(train), ("-m", str(model)), {}

    def write(name: str, rows: list[Json]) -> Path:
        file = work / f"{name}.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return file

    for kind in KINDS:
        drawn = pairs(test, kind, seed)
        file = write(kind, drawn)
        report = evaluate(tool, file, *named, "--by", "source")
        lengths = {name: values["pairwise"] for name, values in report["baselines"].items() if name != "random"}
        words = {
            f"tf-idf, {name}": evaluate(tool, write(f"{kind}-overlap", overlap.scored(drawn, turns)))["metrics"][
                "pairwise"
            ]
            for name, turns in (("last message", 1), ("context", 10**6))
        }
        other = evaluate(tool, write(f"{kind}-names", renamed(drawn, seed)), *named)["metrics"]["pairwise"]
        found[kind] = {
            "model": report["metrics"]["pairwise"],
            **lengths,
            **words,
            "model, other names": other,
            "sources": {it["key"]: it["metrics"]["pairwise"] for it in report["slices"]},
        }
    conture = evaluate(
        tool,
        data / "cand_conture.jsonl.gz",
        *named,
        "--label-field",
        "candidates.label",
        "--positive",
        "1",
        "--positive",
        "2",
    )
    graded = evaluate(tool, data / "cand_unieval_usr_topical.jsonl.gz", *named, "--label-field", "candidates.label")
    llmbar = evaluate(tool, data / "pairs_llmbar.jsonl.gz", *named)
    return {
        "pairwise": found,
        "conture": {**conture["metrics"], "baselines": conture["baselines"]},
        "usr_topical": {**graded["metrics"], "baselines": graded["baselines"]},
        "llmbar": {**llmbar["metrics"], "baselines": llmbar["baselines"]},
    }
