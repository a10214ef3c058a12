"""How near int8 and auto come to fp32 on trained networks, on texts that nothing was tuned by.

    python bench/quality.py [--data DIR] [--only starter,minilm,iglm] [--groups N] [--output FILE.json]

The networks: the bundled starter; all-MiniLM-L6-v2 under a head of random weights; and where `pip install --no-deps iglm==0.1.0` was
run, its language models of antibodies with [HUMAN] less [MOUSE] as the head. Rewards in fp32 are the tool's own, which tests hold to
those of transformers.
A group is a conversation with the reply that it has and seven of other conversations; for iglm a sequence with seven mutants.
"""

from __future__ import annotations

import environment

if __name__ == "__main__":
    environment.enter()

import argparse
import importlib.util
import json
import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import agreement
import conversations
import machine
import models
import records
from environment import ROOT
from log import log
from processes import PROGRAM, measure
from results_file import Machine

SEED = 22
CANDIDATES = 8
MOST_TURNS = 7
PRECISIONS = ("int8", "auto")

# Public variable regions: trastuzumab's chains, and one of a mouse.
SEQUENCES = (
    "EVQLVESGGGLVQPGGSLRLSCAASGFNIKDTYIHWVRQAPGKGLEWVARIYPTNGYTRYADSVKGRFTISADTSKNTAYLQMNSLRAEDTAVYYCSRWGGDGFYAMDYWGQGTLVTVSS",
    "DIQMTQSPSSLSASVGDRVTITCRASQDVNTAVAWYQQKPGKAPKLLIYSASFLYSGVPSRFSGSRSGTDFTLTISSLQPEDFATYYCQQHYTTPPTFGQGTKVEIK",
    "QVQLQQPGAELVKPGASVKMSCKASGYTFTSYNMHWVKQTPGRGLEWIGAIYPGNGDTSYNQKFKGKATLTADKSSSTAYMQLSSLTSEDSAVYYCARSTYYGGDWYFNVWGAGTTVTVSA",
)
RESIDUES = "ACDEFGHIKLMNPQRSTVWY"
MUTATIONS = 6


@dataclass(frozen=True)
class Nearness:
    """Rewards against fp32: `worst` in standard deviations; `near` says whether int8's bounds are met. `mix` is auto's."""

    spearman: float
    same_winner: float
    worst: float
    near: bool
    mix: dict[str, Any] | None = None


@dataclass(frozen=True)
class Network:
    """Nearness by precision, on `rows` rows in groups of eight."""

    name: str
    weights: str
    rows: int
    precisions: dict[str, Nearness]


@dataclass(frozen=True)
class Quality:
    """What is written as JSON."""

    date: str
    machine: Machine
    versions: dict[str, str]
    data: str
    networks: list[Network]


def replies(data: Path | None, groups: int) -> list[str]:
    """Conversations in turns, from two to eight, with eight last turns each."""
    rng = random.Random(SEED)
    dialogues = conversations.real(data) if data else conversations.made_up(max(groups, 200), rng)
    dialogues = [turns for turns in dialogues if len(turns) > MOST_TURNS]
    chosen = rng.sample(dialogues, min(groups, len(dialogues)))
    texts = []
    for turns in chosen:
        length = rng.randint(1, MOST_TURNS)
        before = "".join(f"{('User', 'Bot')[i % 2]}: {turn['text']}\n" for i, turn in enumerate(turns[:length]))
        others = [rng.choice(rng.choice(dialogues))["text"] for _ in range(CANDIDATES - 1)]
        texts += [f"{before}{('User', 'Bot')[length % 2]}: {reply}\n" for reply in (turns[length]["text"], *others)]
    return texts


def mutants(groups: int) -> list[str]:
    """Sequences with some residues changed, as iglm's tokenizer reads them."""
    rng = random.Random(SEED)
    texts = []
    for group in range(groups):
        sequence = SEQUENCES[group % len(SEQUENCES)]
        length = rng.randint(20, len(sequence))
        for _ in range(CANDIDATES):
            residues = list(sequence[:length])
            for place in rng.sample(range(length), MUTATIONS):
                residues[place] = rng.choice(RESIDUES)
            texts.append(" ".join([rng.choice(("[HEAVY]", "[LIGHT]")), "[HUMAN]", *residues]))
    return texts


def write_iglm(name: str) -> Callable[[Path], None]:
    """One of the package's language models, as a reward model."""

    def write(directory: Path) -> None:
        import torch
        from tokenizers import Tokenizer
        from tokenizers.models import WordLevel
        from tokenizers.pre_tokenizers import WhitespaceSplit
        from transformers import GPT2ForSequenceClassification, GPT2LMHeadModel

        spec = importlib.util.find_spec("iglm")
        if spec is None or spec.origin is None:
            raise RuntimeError("iglm is not installed")
        trained = Path(spec.origin).parent / "trained_models"
        words = (trained / "vocab.txt").read_text(encoding="utf-8").split("\n")
        tokenizer = Tokenizer(WordLevel({word: index for index, word in enumerate(words)}, unk_token="[UNK]"))
        tokenizer.pre_tokenizer = WhitespaceSplit()
        tokenizer.save(str(directory / "tokenizer.json"))
        config = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "[PAD]"}
        (directory / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
        language_model = GPT2LMHeadModel.from_pretrained(trained / name, dtype=torch.float32)
        settings = language_model.config
        settings.num_labels = 1
        settings.pad_token_id = words.index("[PAD]")
        network = GPT2ForSequenceClassification(settings)
        network.transformer.load_state_dict(language_model.transformer.state_dict())
        rows = language_model.transformer.wte.weight
        with torch.no_grad():
            network.score.weight.copy_((rows[words.index("[HUMAN]")] - rows[words.index("[MOUSE]")])[None])
        network.save_pretrained(directory)

    return write


def rewards_of(model: Path, texts: list[str], precision: str) -> tuple[list[float], dict[str, Any] | None]:
    """Rewards, and what auto chose."""
    with tempfile.TemporaryDirectory() as scratch:
        source, scored, summary = (Path(scratch) / name for name in ("rows.jsonl", "scored.jsonl", "summary.json"))
        source.write_text("".join(f"{json.dumps({'text': text})}\n" for text in texts), encoding="utf-8")
        flags = ["-m", str(model), "--template", "none", "--precision", precision]
        measure(["node", PROGRAM, "-q", *flags, "--summary", str(summary), "-o", str(scored), str(source)])
        rewards = [json.loads(line)["reward"] for line in scored.read_text(encoding="utf-8").splitlines()]
        return rewards, json.loads(summary.read_text(encoding="utf-8"))["model"].get("mix")


def judge(name: str, model: Path, weights: str, texts: list[str]) -> Network:
    """A network's rewards in each precision against those in fp32."""
    log(f"{name}: {len(texts)} rows")
    expected, _ = rewards_of(model, texts, "fp32")
    precisions = {}
    for precision in PRECISIONS:
        rewards, mix = rewards_of(model, texts, precision)
        found = agreement.check(rewards, expected, CANDIDATES, None)
        winners = agreement.same_winners(rewards, expected, CANDIDATES)
        near = agreement.is_near(found.spearman, winners, found.worst)
        precisions[precision] = Nearness(found.spearman, winners, found.worst, near, mix)
        cost = "" if mix is None else f", {mix['cost']} of the time of fp32: {mix['matrices']}"
        log(f"{name} {precision}: {found.spearman:.5f}, {winners:.3f}, {found.worst:.3f} sd{cost}")
    return Network(name, weights, len(texts), precisions)


def main() -> None:
    """Writes the file, and says on the way what is in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of dialogue_*.jsonl.gz; without it conversations are made up")
    parser.add_argument("--only", default="starter,minilm,iglm", help="names of networks, with commas")
    parser.add_argument("--groups", type=int, default=200, help="conversations with eight replies each (default 200)")
    parser.add_argument("--output", type=Path, help="a JSON file that is not there yet; without it nothing is written")
    flags = parser.parse_args()
    if flags.output and flags.output.exists():
        raise SystemExit(f"{flags.output}: expected a file that is not there yet, since results are not overwritten")
    wanted = flags.only.split(",")
    texts = replies(flags.data, flags.groups)
    networks = []
    if "starter" in wanted:
        networks.append(judge("starter", ROOT / "models" / "starter", "trained: the bundled model", texts))
    if "minilm" in wanted:
        trained = "trained: all-MiniLM-L6-v2; a head of random weights, seed 7"
        networks.append(judge("minilm", models.model(models.ENCODER, False), trained, texts))
    if "iglm" in wanted:
        if importlib.util.find_spec("iglm") is None:
            log("iglm: left out, since the package is not installed")
        else:
            for name in ("IgLM-S", "IgLM"):
                model = models.once(f"models/{name.lower()}", write_iglm(name))
                trained = "trained: a GPT-2 of antibodies, its rows of [HUMAN] less [MOUSE] as the head"
                networks.append(judge(name.lower(), model, trained, mutants(flags.groups)))
    data = "real conversations" if flags.data else "made up"
    found = Quality(date.today().isoformat(), machine.describe(), machine.versions(), data, networks)
    if flags.output:
        flags.output.write_text(f"{json.dumps(records.encode(found), indent=2)}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
