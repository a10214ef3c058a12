"""The model's own byte-level BPE."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from tokenizers import ByteLevelBPETokenizer, Tokenizer
from transformers import GPT2TokenizerFast  # type: ignore[attr-defined]  # an alias that is made at run time

from .augmentation import names, spelling
from .corpus import Dialogue

SIZE = 8000
END_OF_TEXT = "<|endoftext|>"


def learn_vocabulary(dialogues: list[Dialogue], seed: int) -> Tokenizer:
    """8,000 byte-level tokens from the lines as training will render them; end-of-text is token 0."""
    random = Random(f"vocabulary {seed}")

    def lines() -> Iterator[str]:
        for dialogue in dialogues:
            speakers, spell = names(random), spelling(random)
            for k, turn in enumerate(dialogue.turns):
                yield f"{speakers[k % 2]}: {spell(turn.text)}\n"

    learner = ByteLevelBPETokenizer()
    learner.train_from_iterator(
        lines(), vocab_size=SIZE, min_frequency=2, special_tokens=[END_OF_TEXT], show_progress=False
    )
    return Tokenizer.from_str(learner.to_str())


def id_of(tokenizer: Tokenizer, token: str) -> int:
    """Raises ValueError where the vocabulary has no such token."""
    found = tokenizer.token_to_id(token)
    if found is None:
        raise ValueError(f"expected a vocabulary with the token {token!r}")
    return found


def for_transformers(tokenizer: Tokenizer) -> GPT2TokenizerFast:
    return GPT2TokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=END_OF_TEXT,
        eos_token=END_OF_TEXT,
        unk_token=END_OF_TEXT,
        pad_token=END_OF_TEXT,
        model_max_length=256,
        truncation_side="left",
        padding_side="right",
    )
