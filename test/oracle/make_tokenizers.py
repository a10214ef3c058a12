"""Writes tokenizers.json: what tokenizers that add tokens of their own, or split as Llama 3's does, make of texts.

Each is the tokenizer of fixtures/tiny-gpt2 with other members; the ids are PreTrainedTokenizerFast's.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
import tempfile
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, PreTrainedTokenizerFast

Json = dict[str, Any]

HERE = Path(__file__).resolve().parent
FIXTURE = HERE.parent.parent / "fixtures" / "tiny-gpt2" / "tokenizer.json"
TOKENIZERS_FILE = HERE / "tokenizers.json"
PACKAGES = ("transformers", "tokenizers")
MERGED_ID = 512  # the first that the fixture leaves free, of the first merge below
# The last bytes of U+0085 and U+FEFF with what follows them: tokens only where these do not split as white space does.
MERGES = [["ħ", "!"], ["¿", "!"]]
NEW_ID = MERGED_ID + len(MERGES)  # of the first token that is added to the vocabulary
MAX_LENGTHS = (4, 7, 16, 256)

LLAMA3_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|"
    r"\s*[\r\n]+|\s+(?!\S)|\s+"
)

TEXTS = [
    "a",
    "User: I finally finished my first marathon today!\nBot: Congratulations! How do your legs feel?\n",
    "It's what WE'RE here for, they'LL see",
    "<s>already begun",
    "between <s> and [SEP] and <|endoftext|>",
    "<|endoftext|>",
    "  two spaces,\ttabs\t\tand   three  ",
    "lines\r\n\r\nand\n\n\nmore\n  indented",
    "next\u0085line\u0085\u0085twice",
    "no-break\u00a0space \u00a0 here",
    "\ufeffmark at the beginning and\ufeff\ufeffin the middle",
    "line\u2028separator\u2029paragraph\u2003em\u3000ideographic",
    "one\u0085!two\ufeff!three",
    "zero\u200bwidth\u200b joined\u180evowel",
    "12345 678,90 ½ ٣٤٥",
    "naïve café, e\u0301 and 日本語 ✨",
]


def added(*contents: str) -> list[Json]:
    """Special tokens beyond the fixture's own."""
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    own = json.loads(FIXTURE.read_text(encoding="utf-8"))["added_tokens"]
    return own + [{"id": NEW_ID + i, "content": content, **flags} for i, content in enumerate(contents)]


def template(before: list[str], after: list[str]) -> Json:
    """TemplateProcessing that puts tokens around a text."""
    names = before + after
    ids = {content: NEW_ID + i for i, content in enumerate(dict.fromkeys(names))}

    def piece(content: str, sequence: int) -> Json:
        return {"SpecialToken": {"id": content, "type_id": sequence}}

    single = [piece(name, 0) for name in before] + [{"Sequence": {"id": "A", "type_id": 0}}]
    single += [piece(name, 0) for name in after]
    return {
        "type": "TemplateProcessing",
        "single": single,
        "pair": [*single, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {name: {"id": name, "ids": [ids[name]], "tokens": [name]} for name in ids},
    }


BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}

WORD_PIECES = {
    piece: id
    for id, piece in enumerate(
        ["[UNK]", "[CLS]", "[SEP]", "it", "user", "first", "tab", "##s", "line", "word", "space", "cafe", "日", "'", ".", ","]
        + [chr(code) for code in range(ord("a"), ord("z") + 1)]
        + [f"##{chr(code)}" for code in range(ord("a"), ord("r") + 1)]
        + list("0123456789:!<>|[]-")
        + [f"##{digit}" for digit in range(10)]
    )
}

TOKENIZERS: dict[str, Json] = {
    "bos": {"edits": {"added_tokens": added("<s>"), "post_processor": template(["<s>"], [])}},
    "cls-sep": {"edits": {"added_tokens": added("[CLS]", "[SEP]"), "post_processor": template(["[CLS]"], ["[SEP]"])}},
    "bert": {
        "edits": {
            "added_tokens": added("[CLS]", "[SEP]"),
            "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", NEW_ID + 1], "cls": ["[CLS]", NEW_ID]},
        }
    },
    "roberta": {
        "edits": {
            "added_tokens": added("<s>", "</s>"),
            "post_processor": {
                "type": "RobertaProcessing",
                "sep": ["</s>", NEW_ID + 1],
                "cls": ["<s>", NEW_ID],
                "trim_offsets": True,
                "add_prefix_space": False,
            },
        }
    },
    "llama3": {
        "edits": {
            "added_tokens": added("<s>"),
            "pre_tokenizer": {
                "type": "Sequence",
                "pretokenizers": [
                    {"type": "Split", "pattern": {"Regex": LLAMA3_PATTERN}, "behavior": "Isolated", "invert": False},
                    BYTE_LEVEL,
                ],
            },
            "post_processor": {"type": "Sequence", "processors": [BYTE_LEVEL, template(["<s>"], [])]},
        }
    },
    "byte-level-nested": {
        "edits": {
            "pre_tokenizer": {
                "type": "Sequence",
                "pretokenizers": [
                    {"type": "Digits", "individual_digits": True},
                    BYTE_LEVEL | {"use_regex": True},
                ],
            }
        }
    },
    "prefix-space": {
        "edits": {"pre_tokenizer": BYTE_LEVEL | {"use_regex": True, "add_prefix_space": True}},
        "config": {"add_prefix_space": True},
    },
    "wordpiece": {
        "edits": {
            "added_tokens": [],
            "normalizer": {
                "type": "BertNormalizer",
                "clean_text": True,
                "handle_chinese_chars": True,
                "strip_accents": None,
                "lowercase": True,
            },
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]},
            "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
            "model": {
                "type": "WordPiece",
                "unk_token": "[UNK]",
                "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 100,
                "vocab": WORD_PIECES,
            },
        }
    },
    # Where there is a tokenizer.json, transformers does not obey these.
    "flags": {
        "edits": {"added_tokens": added("<s>", "</s>"), "post_processor": template(["<s>"], [])},
        "config": {"bos_token": "<s>", "eos_token": "</s>", "add_bos_token": False, "add_eos_token": True},
    },
}


def load(description: Json) -> PreTrainedTokenizerFast:
    """A tokenizer as a checkpoint's directory gives it."""
    content = json.loads(FIXTURE.read_text(encoding="utf-8"))
    content["model"]["merges"] += MERGES
    content["model"]["vocab"] |= {"".join(pair): MERGED_ID + i for i, pair in enumerate(MERGES)}
    content |= description["edits"]
    config = {"tokenizer_class": "PreTrainedTokenizerFast"} | description.get("config", {})
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "tokenizer.json").write_text(json.dumps(content), encoding="utf-8")
        (Path(directory) / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
        return AutoTokenizer.from_pretrained(directory)


def encode(tokenizer: PreTrainedTokenizerFast, text: str, max_length: int, side: str) -> list[int]:
    """The ids of a row."""
    tokenizer.truncation_side = side
    return tokenizer(text, truncation=True, max_length=max_length)["input_ids"]


def main() -> None:
    """Writes everything anew."""
    versions = {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in PACKAGES}
    head = {"versions": versions, "mergedId": MERGED_ID, "merges": MERGES, "texts": TEXTS}
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    blocks = []
    for name, description in TOKENIZERS.items():
        tokenizer = load(description)
        cases = [
            f'      {{ "maxLength": {length}, "side": "{side}", "ids": '
            f"{json.dumps([encode(tokenizer, text, length, side) for text in TEXTS])} }}"
            for length in MAX_LENGTHS
            for side in ("left", "right")
        ]
        block = f'    {json.dumps(name)}: {{\n      "edits": {json.dumps(description["edits"])},\n'
        block += f'      "config": {json.dumps(description.get("config", {}))},\n      "cases": [\n  '
        blocks.append(block + ",\n  ".join(cases) + "\n      ]\n    }")
    lines.append('  "tokenizers": {\n' + ",\n".join(blocks) + "\n  }")
    TOKENIZERS_FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
