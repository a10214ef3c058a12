"""Compares the tool with transformers on a trained GPT-2 that a package brings: the antibody language models of iglm.

Two rows of the model's own output, those of [HUMAN] and [MOUSE], become the head of a classifier of two labels, and are asked
of the language model itself with --head. Nothing of the package is kept; it is installed without what it would need to run:

    VENV/bin/pip install --no-deps iglm==0.1.0
    npm run build && VENV/bin/python test/oracle/check_iglm.py
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from torch import Tensor
from transformers import AutoModelForSequenceClassification, GPT2LMHeadModel
from transformers.utils.logging import disable_progress_bar

Json = dict[str, Any]

ROOT = Path(__file__).resolve().parent.parent.parent
MODELS = ("IgLM-S", "IgLM")
LABELS = ("[HUMAN]", "[MOUSE]")
TOLERANCE = 2e-5  # of a trained model of at most GPT-2 base's size

# Public variable regions: trastuzumab's chains, and one of a mouse.
SEQUENCES = (
    "EVQLVESGGGLVQPGGSLRLSCAASGFNIKDTYIHWVRQAPGKGLEWVARIYPTNGYTRYADSVKGRFTISADTSKNTAYLQMNSLRAEDTAVYYCSRWGGDGFYAMDYWGQGTLVTVSS",
    "DIQMTQSPSSLSASVGDRVTITCRASQDVNTAVAWYQQKPGKAPKLLIYSASFLYSGVPSRFSGSRSGTDFTLTISSLQPEDFATYYCQQHYTTPPTFGQGTKVEIK",
    "QVQLQQPGAELVKPGASVKMSCKASGYTFTSYNMHWVKQTPGRGLEWIGAIYPGNGDTSYNQKFKGKATLTADKSSSTAYMQLSSLTSEDSAVYYCARSTYYGGDWYFNVWGAGTTVTVSA",
)


def make_texts() -> list[str]:
    """Each sequence, and beginnings of it, under several conditions; some end in padding, which is not pooled."""
    texts = []
    for sequence in SEQUENCES:
        for chain in ("[HEAVY]", "[LIGHT]"):
            for species in ("[HUMAN]", "[MOUSE]", "[CAMEL]"):
                for length in (1, 17, 64, len(sequence)):
                    texts.append(" ".join([chain, species, *sequence[:length]]))
    return texts + [f"{text} [PAD] [PAD]" for text in texts[:6]]


def write_tokenizer(directory: Path, words: list[str]) -> Tokenizer:
    """A tokenizer of the package's words, between spaces."""
    tokenizer = Tokenizer(WordLevel({word: index for index, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.save(str(directory / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "[PAD]"}
    (directory / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    return tokenizer


def rewards_of(model: Path, texts: list[str], *options: str) -> list[float]:
    """What the tool gives the texts."""
    rows = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    command = ["node", str(ROOT / "bin" / "reward-score.js"), "-m", str(model), "-q", "-j", "1", "--max-length", "512"]
    run = subprocess.run([*command, *options], input=rows, capture_output=True, text=True, check=True)
    return [json.loads(line)["reward"] for line in run.stdout.splitlines()]


def worst(expected: list[float], actual: list[float]) -> float:
    """The largest difference, in parts of the reward where that is above 1."""
    return max(abs(a - b) / max(1.0, abs(a)) for a, b in zip(expected, actual, strict=True))


def check(name: str, package: Path, folder: Path) -> float:
    """The largest difference for one of the package's models."""
    words = (package / "trained_models" / "vocab.txt").read_text(encoding="utf-8").split("\n")
    source = package / "trained_models" / name
    language_model = GPT2LMHeadModel.from_pretrained(source, dtype=torch.float32).eval()
    whole = folder / f"{name}-lm"
    classifier = folder / f"{name}-classifier"
    language_model.save_pretrained(whole)
    ids = [words.index(label) for label in LABELS]
    output: Tensor = language_model.lm_head.weight.detach()
    model = AutoModelForSequenceClassification.from_pretrained(
        source, dtype=torch.float32, num_labels=2, pad_token_id=words.index("[PAD]"), id2label=dict(enumerate(LABELS))
    )
    model.score.weight.data = output[ids].clone()
    model.eval().save_pretrained(classifier)
    for directory in (whole, classifier):
        tokenizer = write_tokenizer(directory, words)
    texts = make_texts()
    rows = [torch.tensor([tokenizer.encode(text).ids]) for text in texts]
    with torch.no_grad():
        logits = [model(row).logits[0].tolist() for row in rows]
        next_token = [language_model(row).logits[0, -1] for row in rows]
    double = model.double()
    with torch.no_grad():
        exact = [double(row).logits[0].tolist() for row in rows]
    own = max(worst(each, [row[i] for row in logits]) for i, each in enumerate(map(list, zip(*exact, strict=True))))
    print(f"{name}: transformers in float32 differs from itself in float64 by {own:.1e}")
    found = {
        f"classifier, {label}": worst([row[i] for row in logits], rewards_of(classifier, texts, "--logit", label))
        for i, label in enumerate(LABELS)
    }
    asked = f"yes-no:{','.join(LABELS)}"
    found[asked] = worst([(row[ids[0]] - row[ids[1]]).item() for row in next_token], rewards_of(whole, texts, "--head", asked))
    found["token:5"] = worst([row[5].item() for row in next_token], rewards_of(whole, texts, "--head", "token:5"))
    tool = max(
        worst([row[i] for row in exact], rewards_of(classifier, texts, "--logit", label)) for i, label in enumerate(LABELS)
    )
    print(f"{name}: the tool differs from float64 by {tool:.1e}")
    for what, difference in found.items():
        print(f"{name}: {what}: {len(texts)} texts, largest difference {difference:.1e}")
    return max(found.values())


def main() -> None:
    """Checks both models."""
    torch.set_num_threads(1)
    disable_progress_bar()
    spec = importlib.util.find_spec("iglm")
    if spec is None or spec.submodule_search_locations is None:
        raise SystemExit("expected the package iglm: pip install --no-deps iglm==0.1.0")
    package = Path(spec.submodule_search_locations[0])
    with tempfile.TemporaryDirectory() as folder:
        most = max(check(name, package, Path(folder)) for name in MODELS)
    if most > TOLERANCE:
        raise SystemExit(f"expected at most {TOLERANCE}, got {most:.1e}")


if __name__ == "__main__":
    main()
