"""Logs and networks made from a seed: nothing is downloaded, and no row is anybody's."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

END_OF_TEXT = "<|endoftext|>"
TOPICS = ("rain", "tea", "maps", "violins", "bread", "moss", "trains", "kites")
WARM = ("tell me more about", "i love", "what a lovely thought on", "shall we talk of")
COLD = ("whatever about", "i do not care for", "stop asking me of", "nothing to say on")


def conversations(count: int, seed: int, noise: float = 0.1) -> list[dict[str, Any]]:
    """Rows of a log: users stay after warm replies and retry cold ones, but for some noise."""
    draw = random.Random(seed)
    rows = []
    for index in range(count):
        messages = [{"role": "system", "content": "A parrot talks."}]
        for _ in range(draw.randint(1, 3)):
            topic = draw.choice(TOPICS)
            messages.append(
                {"role": "user", "content": f"{draw.choice(TOPICS)} or {topic}, number {draw.randrange(10**6)}?"}
            )
            warm = draw.random() < 0.6
            reply = f"{draw.choice(WARM if warm else COLD)} {topic}"
            accepted = warm != (draw.random() < noise)
            retry = not accepted and draw.random() < 0.5
            remaining = draw.randint(2, 9) if accepted else draw.randint(0, 1)
            rows.append(
                {
                    "conversation_id": f"c{index}",
                    "messages": list(messages),
                    "response": reply,
                    "retry": retry,
                    "remaining_user_messages": remaining,
                }
            )
            messages.append({"role": "Polly", "content": reply})
    return rows


def write_jsonl(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def read_jsonl(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write_tokenizer(directory: Path) -> Path:
    """A byte-level BPE like GPT-2's, of 400 tokens, with an end of text and no pad token."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = (message["content"] for row in conversations(200, seed=1) for message in row["messages"])
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=END_OF_TEXT, eos_token=END_OF_TEXT, unk_token=END_OF_TEXT
    )
    fast.save_pretrained(directory)
    return directory
