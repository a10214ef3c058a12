"""One peer in a process of its own: loads a model, warms up, scores texts, and writes rewards and seconds.

    python bench/peer.py NAME TASK.json RESULT.json

TASK: {"model": DIR, "texts": [...], "maxLength": tokens, "encoder": whether it is one}; a text may be a pair. RESULT: {"rewards": [...], "loadSeconds", "seconds"};
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
Text = str | list[str]
Score = Callable[[list[Text]], list[float]]

# As in the card's snippet, and as sentence-transformers has it.
BATCH = 8
ENCODER_BATCH = 32
THREADS = 2


def tokenizer_of(task: Task) -> PreTrainedTokenizerBase:
    """As the model card sets it up; an encoder's as it is."""
    from transformers import AutoTokenizer

    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(task["model"])
    if task["encoder"]:
        return tokenizer
    tokenizer.truncation_side, tokenizer.padding_side = "left", "right"
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token_id = 50256
    return tokenizer


def batch_of(task: Task) -> int:
    """Texts of a batch."""
    return ENCODER_BATCH if task["encoder"] else BATCH


def encode(tokenizer: PreTrainedTokenizerBase, texts: list[Text], tensors: str, task: Task) -> dict[str, Any]:
    """A padded batch of texts, or of pairs."""
    rows = [[text] if isinstance(text, str) else text for text in texts]
    columns = (list(column) for column in zip(*rows, strict=True))
    options: dict[str, Any] = {
        "return_tensors": tensors,
        "padding": "longest",
        "truncation": True,
        "max_length": task["maxLength"],
    }
    return dict(tokenizer(*columns, **options))


def size(text: Text) -> int:
    """In characters."""
    return len(text) if isinstance(text, str) else sum(map(len, text))


def by_length(score: Score) -> Score:
    """The same, on texts sorted by their length, so that a batch has little padding."""

    def sorted_score(texts: list[Text]) -> list[float]:
        order = sorted(range(len(texts)), key=lambda i: size(texts[i]))
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
    most = batch_of(task)

    def score(texts: list[Text]) -> list[float]:
        rewards: list[float] = []
        with torch.no_grad():
            for start in range(0, len(texts), most):
                rewards += model(**encode(tokenizer, texts[start : start + most], "pt", task)).logits[:, 0].tolist()
        return rewards

    return score


def cross_encoder(task: Task) -> Score:
    """sentence-transformers, which sorts by length itself."""
    import torch
    from sentence_transformers import CrossEncoder

    class OfTexts(CrossEncoder):  # type: ignore[misc]  # it ships types that are not looked at here
        """predict() takes a list of strings for one pair, though what it calls takes texts as well."""

        def is_singular_input(self, inputs: object) -> bool:
            return isinstance(inputs, str)

    torch.set_num_threads(THREADS)
    cut: dict[str, str] = {"truncation_side": "left", "padding_side": "right", "pad_token": "<|endoftext|>"}
    model = (OfTexts if task["encoder"] else CrossEncoder)(
        task["model"],
        device="cpu",
        max_length=task["maxLength"],
        activation_fn=torch.nn.Identity(),
        model_kwargs={"dtype": torch.float32},
        processor_kwargs={} if task["encoder"] else cut,
    )
    model.model.config.pad_token_id = model.tokenizer.pad_token_id

    def score(texts: list[Text]) -> list[float]:
        given = texts if task["encoder"] else list(map(in_two, texts))
        rewards: list[float] = model.predict(given, batch_size=batch_of(task), show_progress_bar=False).tolist()
        return rewards

    return score


def in_two(text: Text) -> Text:
    """A CrossEncoder takes pairs only. GPT-2's words begin at their space, and nothing comes between: equal ids."""
    if not isinstance(text, str):
        return text
    at = max(text.rfind(" "), 0)
    return [text[:at], text[at:]]


def padded_onnx(task: Task) -> Score:
    """onnxruntime for Python with a graph as exporters make it; `model` is the export's directory."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(f"{task['export']}/model.onnx", options, providers=["CPUExecutionProvider"])
    tokenizer = tokenizer_of(task)
    names = [value.name for value in session.get_inputs()]
    most = batch_of(task)

    def score(texts: list[Text]) -> list[float]:
        rewards: list[float] = []
        for start in range(0, len(texts), most):
            batch = encode(tokenizer, texts[start : start + most], "np", task)
            rewards += session.run(None, {name: batch[name].astype("int64") for name in names})[0][:, 0].tolist()
        return rewards

    return score


PEERS: dict[str, Callable[[Task], Score]] = {
    "snippet": snippet,
    "snippet-sorted": lambda task: by_length(snippet(task)),
    "cross-encoder": cross_encoder,
    "onnx-fp32": padded_onnx,
    "onnx-int8": padded_onnx,
    "onnx-fp32-sorted": lambda task: by_length(padded_onnx(task)),
    "onnx-int8-sorted": lambda task: by_length(padded_onnx(task)),
}


def main() -> None:
    name, task_file, result_file = sys.argv[1:]
    task: Task = json.loads(Path(task_file).read_text(encoding="utf-8"))
    started = time.perf_counter()
    score = PEERS[name](task)
    loaded = time.perf_counter()
    score(task["texts"][: batch_of(task)])
    warm = time.perf_counter()
    rewards = score(task["texts"])
    ended = time.perf_counter()
    result = {"rewards": rewards, "loadSeconds": loaded - started, "seconds": ended - warm}
    Path(result_file).write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
