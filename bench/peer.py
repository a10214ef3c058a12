"""One peer in a process of its own: loads a model, warms up, scores texts, and writes rewards and seconds.

    python bench/peer.py NAME TASK.json RESULT.json

TASK: {"model": DIR, "texts": [...], "maxLength": tokens}. RESULT: {"rewards": [...], "loadSeconds", "seconds"};
`seconds` is scoring alone, tokenising included.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

#: Fields of TASK.
Task = dict[str, Any]
Score = Callable[[list[str]], list[float]]

BATCH = 8
THREADS = 2


def tokenizer_of(task: Task) -> PreTrainedTokenizerBase:
    """As the model card sets it up."""
    from transformers import AutoTokenizer

    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(task["model"])
    tokenizer.truncation_side, tokenizer.padding_side = "left", "right"
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token_id = 50256
    return tokenizer


def by_length(score: Score) -> Score:
    """The same, on texts sorted by their length, so that a batch has little padding."""

    def sorted_score(texts: list[str]) -> list[float]:
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        rewards = [0.0] * len(texts)
        for i, reward in zip(order, score([texts[i] for i in order]), strict=True):
            rewards[i] = reward
        return rewards

    return sorted_score


def snippet(task: Task) -> Score:
    """The model card's own code."""
    import torch
    from transformers import AutoModelForSequenceClassification

    torch.set_num_threads(THREADS)
    tokenizer = tokenizer_of(task)
    model = AutoModelForSequenceClassification.from_pretrained(task["model"], dtype=torch.float32).eval()
    model.config.pad_token_id = tokenizer.pad_token_id
    options: dict[str, Any] = {
        "return_tensors": "pt",
        "padding": "longest",
        "truncation": True,
        "max_length": task["maxLength"],
    }

    def score(texts: list[str]) -> list[float]:
        rewards: list[float] = []
        with torch.no_grad():
            for start in range(0, len(texts), BATCH):
                rewards += model(**tokenizer(texts[start : start + BATCH], **options)).logits[:, 0].tolist()
        return rewards

    return score


def cross_encoder(task: Task) -> Score:
    """sentence-transformers, which sorts by length itself."""
    import torch
    from sentence_transformers import CrossEncoder

    torch.set_num_threads(THREADS)
    model = CrossEncoder(
        task["model"],
        device="cpu",
        max_length=task["maxLength"],
        activation_fn=torch.nn.Identity(),
        model_kwargs={"dtype": torch.float32},
        processor_kwargs={"truncation_side": "left", "padding_side": "right", "pad_token": "<|endoftext|>"},
    )
    model.model.config.pad_token_id = model.tokenizer.pad_token_id

    def score(texts: list[str]) -> list[float]:
        rewards: list[float] = model.predict(
            list(map(in_two, texts)), batch_size=BATCH, show_progress_bar=False
        ).tolist()
        return rewards

    return score


def in_two(text: str) -> tuple[str, str]:
    """A CrossEncoder takes pairs only. GPT-2's words begin at their space, and nothing comes between: equal ids."""
    at = max(text.rfind(" "), 0)
    return text[:at], text[at:]


def padded_onnx(task: Task) -> Score:
    """onnxruntime for Python with a graph as exporters make it; `model` is the export's directory."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(f"{task['export']}/model.onnx", options, providers=["CPUExecutionProvider"])
    tokenizer = tokenizer_of(task)
    names = [value.name for value in session.get_inputs()]
    settings: dict[str, Any] = {
        "return_tensors": "np",
        "padding": "longest",
        "truncation": True,
        "max_length": task["maxLength"],
    }

    def score(texts: list[str]) -> list[float]:
        rewards: list[float] = []
        for start in range(0, len(texts), BATCH):
            batch = tokenizer(texts[start : start + BATCH], **settings)
            rewards += session.run(None, {name: batch[name].astype("int64") for name in names})[0][:, 0].tolist()
        return rewards

    return score


PEERS: dict[str, Callable[[Task], Score]] = {
    "snippet": snippet,
    "snippet-sorted": lambda task: by_length(snippet(task)),
    "cross-encoder": cross_encoder,
    "onnx-fp32": padded_onnx,
    "onnx-int8": padded_onnx,
}


def main() -> None:
    name, task_file, result_file = sys.argv[1:]
    task: Task = json.loads(Path(task_file).read_text(encoding="utf-8"))
    started = time.perf_counter()
    score = PEERS[name](task)
    loaded = time.perf_counter()
    score(task["texts"][:BATCH])
    warm = time.perf_counter()
    rewards = score(task["texts"])
    ended = time.perf_counter()
    result = {"rewards": rewards, "loadSeconds": loaded - started, "seconds": ended - warm}
    Path(result_file).write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
