"""Scores real conversations with the built binary and with transformers, and compares them row by row.

The rows come from a folder of dialogues (JSON lines, gzipped, `{"turns": [{"speaker", "text"}]}`) and are not kept.
Run from the repository's root after `npm run build`:

    python test/oracle/compare_real_rows.py --data DIR --model DIR [--rows 500] [--workload mixed|best-of]
"""

import argparse
import gzip
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForSequenceClassification, AutoTokenizer

ROOT = Path(__file__).resolve().parents[2]
CANDIDATES = 8


def read_dialogues(data: Path) -> list[list[dict[str, str]]]:
    """Turns of every dialogue, in the order of the files."""
    dialogues = []
    for path in sorted(data.glob("dialogue_*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            dialogues += [json.loads(line)["turns"] for line in lines]
    return dialogues


def chai(turns: list[dict[str, str]]) -> str:
    return "".join(f"{turn['speaker']}: {turn['text']}\n" for turn in turns)


def make_rows(dialogues: list, count: int, workload: str, rng: random.Random) -> list[tuple[dict, list[str]]]:
    """Rows in their several forms, each with the texts that it means."""
    rows = []
    scored = 0
    while scored < count:
        turns = rng.choice(dialogues)
        if len(turns) < 4:
            continue
        end = rng.randrange(2, min(len(turns), 30))
        context, answer = turns[:end], turns[end]
        messages = [{"role": turn["speaker"], "content": turn["text"]} for turn in context]
        form = "candidates" if workload == "best-of" else rng.choice(["text", "response", "messages", "candidates"])
        if form == "text":
            text = chai(turns[: end + 1])
            rows.append(({"text": text}, [text]))
        elif form == "response":
            prompt, response = chai(context) + f"{answer['speaker']}:", f" {answer['text']}"
            rows.append(({"prompt": prompt, "response": response}, [prompt + response]))
        elif form == "messages":
            rows.append(({"messages": messages}, [chai(context)]))
        else:
            replies = [rng.choice(rng.choice(dialogues))["text"] for _ in range(CANDIDATES)]
            name = answer["speaker"]
            row = {"messages": messages, "candidates": replies, "bot_name": name}
            rows.append((row, [f"{chai(context)}{name}: {reply}\n" for reply in replies]))
        scored += len(rows[-1][1])
    return rows


def score_with_transformers(model_dir: str, texts: list[str], batch: int) -> tuple[list[float], float]:
    """Rewards the model card's way, `batch` texts at a time, and the seconds that scoring took."""
    tokenizer = AutoTokenizer.from_pretrained(model_dir)
    tokenizer.truncation_side, tokenizer.padding_side = "left", "right"
    model = AutoModelForSequenceClassification.from_pretrained(model_dir, dtype=torch.float32).eval()
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token_id = model.config.pad_token_id = 50256
    options = {"return_tensors": "pt", "padding": "longest", "truncation": True, "max_length": 256}
    started = time.perf_counter()
    rewards: list[float] = []
    with torch.no_grad():
        for start in range(0, len(texts), batch):
            rewards += model(**tokenizer(texts[start : start + batch], **options)).logits[:, 0].tolist()
    return rewards, time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--rows", type=int, default=500, help="rewards to compare")
    parser.add_argument("--workload", choices=["mixed", "best-of"], default="mixed")
    parser.add_argument("--tolerance", type=float, default=2e-5, help="times max(1, |reward|)")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(2)

    rows = make_rows(read_dialogues(args.data), args.rows, args.workload, random.Random(args.seed))
    with tempfile.TemporaryDirectory() as directory:
        path, summary_path = Path(directory, "rows.jsonl"), Path(directory, "summary.json")
        path.write_text("".join(json.dumps(row) + "\n" for row, _ in rows), encoding="utf-8")
        command = ["node", "bin/reward-score.js", "-m", args.model, "--summary", str(summary_path), str(path)]
        output = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
        summary = json.loads(summary_path.read_text())
    ours: list[float] = []
    for line in output.decode().splitlines():
        reward = json.loads(line)["reward"]
        ours += reward if isinstance(reward, list) else [reward]
    texts = [text for _, row_texts in rows for text in row_texts]
    theirs, seconds = score_with_transformers(args.model, texts, 1)
    _, batch_seconds = score_with_transformers(args.model, texts, 8)

    differences = [abs(a - b) / max(1.0, abs(b)) for a, b in zip(ours, theirs, strict=True)]
    print(f"transformers {transformers.__version__}, torch {torch.__version__}, {torch.get_num_threads()} threads")
    print(f"rows {len(rows)}, rewards {len(ours)}, truncated rows {summary['truncated']['rows']}")
    print(f"tokens {summary['tokens']}, computed {summary['computedTokens']}")
    print(f"reward std {torch.tensor(theirs).std().item():.3f}")
    print(f"largest difference {max(differences):.2e} x max(1, |reward|)")
    print(f"reward-score {summary['seconds']:.1f} s, start included; transformers {seconds:.1f} s one at a time,", end=" ")
    print(f"{batch_seconds:.1f} s in batches of 8, without start")
    print(f"peak memory of reward-score {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MB")
    if max(differences) > args.tolerance:
        sys.exit(f"a reward differs by more than {args.tolerance}")


if __name__ == "__main__":
    main()
