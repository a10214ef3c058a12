"""Draws N replies for each row of standard input and writes the row with them, as its candidates.

    python generate.py -m ./language-model -n 8 < prompts.jsonl | reward-score best -m ./gpt2-reward-model > winners.jsonl

A row has a prompt (a text that the reply goes on with) or messages (which become text in the chai layout, and the reply
a line of it). Rows that have neither, or candidates already, are passed on as they are: reward-score names them.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

AUTHOR = ("role", "speaker", "name", "from")
CONTENT = ("content", "text", "message", "value")
CONTEXTS = ("prompt", "messages", "context", "turns", "conversation", "conversations")
CANDIDATES = ("candidates", "responses", "completions")
# Who speaks, by names in any case, and who answers a user of a name (docs/rows.md).
USERS = ("user", "human", "prompter", "customer")
ASSISTANTS = ("assistant", "gpt", "bot", "chatbot", "model", "ai")
COUNTERPARTS = {"user": "assistant", "human": "gpt", "User": "Bot"}


class Context(NamedTuple):
    text: str
    """What a reply follows."""
    in_messages: bool
    """The reply becomes a message: white space around it is not its own."""


def read_context(line: bytes) -> Context:
    """The context in a row of JSON; raises ValueError where there is none."""
    row = json.loads(line)
    if not isinstance(row, dict):
        raise ValueError("expected a JSON object")
    if taken := [name for name in CANDIDATES if row.get(name) is not None]:
        raise ValueError(f"the row has {taken[0]} already")
    name = next((name for name in CONTEXTS if row.get(name) is not None), "prompt")
    in_messages = not (name in ("prompt", "context") and isinstance(row.get(name), str))
    text = chai(row.get(name), row.get("bot_name")) if in_messages else row[name]
    if not text:
        raise ValueError("the prompt is empty")
    text.encode()  # a lone surrogate is no text: UnicodeEncodeError, which is a ValueError
    return Context(text, in_messages)


def chai(messages: Any, bot_name: Any) -> str:
    """`NAME: CONTENT` and a newline for each message (a system message is its content alone), and `NAME:` of the one who answers.

    That is the row's bot_name, else who is found by the names of the others, as reward-score finds it.
    """
    if not isinstance(messages, list) or not messages:
        raise ValueError("expected prompt, a string, or messages, a list")
    turns = [(first(message, AUTHOR), first(message, CONTENT)) for message in messages]
    if not all(isinstance(part, str) for turn in turns for part in turn):
        raise ValueError("expected messages to have role and content, both strings")
    lines = [f"{content}\n" if author == "system" else f"{author}: {content}\n" for author, content in turns]
    bot = bot_name if isinstance(bot_name, str) and bot_name else answering([author for author, _ in turns])
    return "".join(lines) + f"{bot}:"


def answering(authors: list[str]) -> str:
    """The last speaker known as an assistant, else the last one who is not the user, else the user's counterpart."""
    assistants = [author for author in authors if author.lower() in ASSISTANTS]
    if assistants:
        return assistants[-1]
    speakers = [author for author in authors if author.lower() != "system"]
    user = next((author for author in speakers if author.lower() in USERS), speakers[0] if speakers else "")
    others = [author for author in speakers if author != user and author.lower() not in USERS]
    return others[-1] if others else COUNTERPARTS.get(user, "Bot")


def first(item: Any, names: Iterable[str]) -> Any:
    return next((item[name] for name in names if item.get(name) is not None), None) if isinstance(item, dict) else None


class Generator:
    """A causal language model of any vocabulary."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.tokenizer = AutoTokenizer.from_pretrained(options.model)
        self.model = AutoModelForCausalLM.from_pretrained(options.model, dtype=torch.float32).eval()
        self.model.to(device=self.device)
        # The model card's eos_token_id, 198, is GPT-2's newline. In any vocabulary: all tokens with a newline in them
        # (GPT-2 has a second one, 628 for two), and the model's own end of text.
        texts = self.tokenizer.batch_decode([[token] for token in range(len(self.tokenizer))])
        ends = {token for token, text in enumerate(texts) if "\n" in text} | {self.tokenizer.eos_token_id}
        self.ends = sorted(ends - {None})
        positions = getattr(self.model.config, "max_position_embeddings", sys.maxsize)
        self.room = positions - options.max_new_tokens
        if self.room < 1:
            raise SystemExit(
                f"generate.py: expected --max-new-tokens below {positions}, the positions of {options.model}, "
                f"got {options.max_new_tokens}"
            )

    def candidates(self, contexts: list[Context]) -> list[list[str]]:
        """N replies to each."""
        # Of a context too long for the model the last tokens are kept.
        prompts = [self.tokenizer(context.text)["input_ids"][-self.room :] or self.ends[:1] for context in contexts]
        width = max(map(len, prompts))
        # Padded on the left, where nothing is read from it, with the row's own first token: the repetition penalty looks
        # at masked tokens too, and would count any other one as said.
        ids = torch.tensor([prompt[:1] * (width - len(prompt)) + prompt for prompt in prompts], device=self.device)
        mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=self.device)
        options = self.options
        with torch.inference_mode():
            generated = self.model.generate(
                input_ids=ids,
                attention_mask=mask,
                do_sample=True,
                num_return_sequences=options.candidates,
                temperature=options.temperature,
                repetition_penalty=options.repetition_penalty,
                top_p=options.top_p,
                top_k=options.top_k,
                max_new_tokens=options.max_new_tokens,
                min_new_tokens=1,  # a reply that ends before it begins is not drawn
                eos_token_id=self.ends or None,
                pad_token_id=self.ends[0] if self.ends else 0,
            )
        texts = self.tokenizer.batch_decode(
            generated[:, width:], skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        lines = [text.split("\n", 1)[0].rstrip() for text in texts]
        groups = [lines[i : i + options.candidates] for i in range(0, len(lines), options.candidates)]
        return [
            [line.lstrip() if context.in_messages else line for line in group]
            for context, group in zip(contexts, groups, strict=True)
        ]


def batches(lines: Iterable[bytes], size: int) -> Iterator[list[bytes]]:
    lines = iter(lines)
    while batch := list(islice(lines, size)):
        yield batch


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Draws N replies for each row of standard input.")
    add = parser.add_argument
    add("-m", "--model", required=True, help="directory of a causal language model and its tokenizer, or a hub id")
    add("-n", "--candidates", type=int, default=8, help="replies for each row (%(default)s)")
    add("--batch-size", type=int, default=8, help="rows that are answered together (%(default)s)")
    add("--seed", type=int, default=0, help="equal seeds and batches give equal replies (%(default)s)")
    add("--distinct", action="store_true", help="leave out replies that a row has already")
    sampling = parser.add_argument_group("sampling", "defaults of the reward model's card")
    for flag, default in [
        ("--temperature", 0.72),
        ("--repetition-penalty", 1.13125),
        ("--top-p", 0.725),
        ("--top-k", 0),
        ("--max-new-tokens", 64),
    ]:
        sampling.add_argument(flag, type=type(default), default=default, help="%(default)s")
    return parser.parse_args(arguments)


def answer(options: argparse.Namespace, lines: Iterable[bytes], output: BinaryIO) -> None:
    """Writes each line with its replies, in order; as they come, a batch at a time."""
    generator = Generator(options)
    torch.manual_seed(options.seed)
    for batch in batches(lines, options.batch_size):
        contexts: dict[int, Context] = {}
        for i, line in enumerate(batch):
            try:
                contexts[i] = read_context(line)
            except ValueError as error:
                if line.strip():
                    print(f"generate.py: passed on as it is: {error}: {line[:60]!r}", file=sys.stderr)
        replies = dict(zip(contexts, generator.candidates(list(contexts.values())), strict=True)) if contexts else {}
        for i, line in enumerate(batch):
            output.write(with_candidates(line, replies[i], options.distinct) if i in replies else line)
        output.flush()


def main() -> None:
    options = parse_arguments(sys.argv[1:])
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # a reader that has ended says itself why
    logging.disable_progress_bar()  # standard error is shared with the next program
    answer(options, sys.stdin.buffer, sys.stdout.buffer)


def with_candidates(line: bytes, replies: list[str], distinct: bool) -> bytes:
    """The row's own bytes, and one more field before its closing brace."""
    kept = list(dict.fromkeys(replies)) if distinct else replies
    return line.rstrip()[:-1] + b', "candidates": ' + json.dumps(kept, ensure_ascii=False).encode() + b"}\n"


if __name__ == "__main__":
    main()
