"""The model's own byte-level BPE."""
from __future__ import annotations

from random import Random

from tokenizers import ByteLevelBPETokenizer, Tokenizer
from transformers import GPT2TokenizerFast

from .corpus import Dialogue
from .voices import names, spelling

SIZE = 8000
END_OF_TEXT = "<|endoftext|>"


def learn_vocabulary(dialogues: list[Dialogue], seed: int) -> Tokenizer:
    """8,000 byte-level tokens from the lines as they will be told; end-of-text is token 0."""
    random = Random(f"vocabulary {seed}")

    def lines():
        for dialogue in dialogues:
            voice, spell = names(random), spelling(random)
            for k, turn in enumerate(dialogue.turns):
                yield f"{voice[k % 2]}: {spell(turn.text)}\n"

    learner = ByteLevelBPETokenizer()
    learner.train_from_iterator(lines(), vocab_size=SIZE, min_frequency=2, special_tokens=[END_OF_TEXT], show_progress=False)
    return Tokenizer.from_str(learner.to_str())


def for_transformers(tokenizer: Tokenizer) -> GPT2TokenizerFast:
    return GPT2TokenizerFast(
        tokenizer_object=tokenizer, bos_token=END_OF_TEXT, eos_token=END_OF_TEXT, unk_token=END_OF_TEXT, pad_token=END_OF_TEXT,
        model_max_length=256, truncation_side="left", padding_side="right",
    )  # fmt: skip
