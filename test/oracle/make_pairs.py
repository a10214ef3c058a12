"""Writes pairs.json: what AutoTokenizer makes of pairs of texts, by class and by step of tokenizer.json, cut longest first.

Every case is a directory, as those of tokenizer_classes.json, whose bases these are; one more has a map of characters that
sentencepiece compiled of a part of nmt_nfkc's rules.
"""

from __future__ import annotations

import base64
import importlib.metadata
import io
import json
import platform
import tempfile
import unicodedata
from pathlib import Path
from typing import Any

import sentencepiece
from make_tokenizer_classes import BYTE_LEVEL, CLASSES_FILE, FLAGS, TEXTS, TRAINING, named, sequence, step, token, write
from transformers import AutoTokenizer, logging

Json = dict[str, Any]

HERE = Path(__file__).resolve().parent
PAIRS_FILE = HERE / "pairs.json"
PACKAGES = ("transformers", "tokenizers", "sentencepiece")
CUTS = ((1000, "right"), (13, "right"), (13, "left"), (8, "right"), (8, "left"), (5, "left"))

LONG = "In 2024 it cost 150 dollars, and in 2019 only 99; don't you think so?"
MORE_TEXTS = [
    "Who are you?",
    LONG,
    "a",
    "\u0301leads with a mark",
    "\x01\x02\tcontrols\x7f \x8f\x9f\x0b\x00end",
    "\u200bzero \u200ewidth\ufffd first",
    "ｶﾞ ガ Ⅷ ㌀ ﷺ ½ Ǆ",
    "two  spaces   and\u3000\u3000wide ones",
    "newer \ua7f2\U00010782 \U0001f16a \U00011935\U00011930 e\u1acf\u0301",
    "who is it",
    "is it in",
]


def pairs() -> list[tuple[str, str]]:
    """Awkward texts beside each other, and lengths that each rule of the cut meets."""
    texts = TEXTS + MORE_TEXTS
    count = len(texts)
    beside = [(texts[i], texts[(7 * i + 3) % count]) for i in range(count)]
    return beside + [
        ("", "a"),
        (" ", "Who are you?"),
        ("a", LONG),
        (LONG, "a"),
        (LONG, LONG),
        ("Who are you?", "Who are you?"),
        ("a [SEP] b", "c"),
        ("a", "b [SEP] c"),
        ("a</s>", "</s>b"),
    ]


def rules() -> str:
    """A part of nmt_nfkc's rules: what NFKC makes of some blocks, and what NMT takes out or makes a space of."""
    lines: dict[str, str] = {chr(code): "" for code in [*range(0x01, 0x09), 0x0B, *range(0x0E, 0x20), 0x7F, 0x8F, 0x9F]}
    lines |= {chr(code): " " for code in [0x09, 0x0A, 0x0C, 0x0D, 0x1680, *range(0x200B, 0x2010), 0x2028, 0x2029, 0xFEFF]}
    blocks = [range(0xA0, 0x100), range(0x1C4, 0x1CD), range(0x2000, 0x200B), range(0x2150, 0x2180), range(0x2460, 0x2490)]
    blocks += [range(0x3000, 0x3001), range(0xFB00, 0xFB07), range(0xFDFA, 0xFDFB), range(0xFF01, 0xFFA0)]
    for code in (code for block in blocks for code in block):
        made = unicodedata.normalize("NFKC", chr(code))
        if made != chr(code):
            lines[chr(code)] = made
    for letter in "aeiouAEIOU":
        for mark in "\u0300\u0301\u0302\u0308":
            lines[letter + mark] = unicodedata.normalize("NFC", letter + mark)
    lines |= {"ｶﾞ": "ガ", "ﾊﾟ": "パ"}
    return "".join("\t".join(" ".join(f"{ord(c):X}" for c in side) for side in pair) + "\n" for pair in lines.items())


def precompiled() -> str:
    """The map that sentencepiece compiles of the rules, as tokenizer.json has it."""
    model = io.BytesIO()
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "rules.tsv"
        path.write_text(rules(), encoding="utf-8")
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(TRAINING),
            model_writer=model,
            vocab_size=110,
            hard_vocab_limit=False,
            normalization_rule_tsv=str(path),
            minloglevel=2,
        )
    from sentencepiece import sentencepiece_model_pb2

    proto = sentencepiece_model_pb2.ModelProto.FromString(model.getvalue())
    return base64.b64encode(proto.normalizer_spec.precompiled_charsmap).decode()


def template(single: list[Json], pair: list[Json], ids: dict[str, list[int]]) -> Json:
    """TemplateProcessing."""
    tokens = {name: {"id": name, "ids": own, "tokens": [name] * len(own)} for name, own in ids.items()}
    return {"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": tokens}


def special(name: str, type_id: int) -> Json:
    """A token of a template."""
    return {"SpecialToken": {"id": name, "type_id": type_id}}


def text(name: str, type_id: int) -> Json:
    """A text of a template."""
    return {"Sequence": {"id": name, "type_id": type_id}}


def class_cases() -> Json:
    """Classes, each with its own way to put two texts together, and fields that change it."""
    cases: Json = {}
    for name, base in (
        ("BertTokenizer", "bert"),
        ("DistilBertTokenizer", "bert"),
        ("RobertaTokenizer", "gpt2"),
        ("XLMRobertaTokenizer", "xlmr"),
        ("DebertaV2Tokenizer", "deberta"),
        ("GPTNeoXTokenizer", "gpt2"),
        ("PreTrainedTokenizerFast", "bert"),
        ("PreTrainedTokenizerFast", "xlmr"),
        ("PreTrainedTokenizerFast", "llama2"),
    ):
        cases[f"{name} over {base}"] = {"base": base} | named(name)
    cases["GPTNeoXTokenizer, vocab.json, flags"] = {"base": "gpt2", "form": "vocab.json"} | named(
        "GPTNeoXTokenizer", add_bos_token=True, add_eos_token=True, bos_token="<s>", eos_token="</s>"
    )
    for names in (["input_ids", "attention_mask"], ["input_ids", "token_type_ids"]):
        cases[f"BertTokenizer {names}"] = {"base": "bert"} | named("BertTokenizer", model_input_names=names)
        cases[f"DistilBertTokenizer {names}"] = {"base": "bert"} | named("DistilBertTokenizer", model_input_names=names)
    cases["no class, bert"] = {"base": "bert", "model": {"model_type": "bert"}}
    cases["no class, modernbert"] = {"base": "bert", "model": {"model_type": "modernbert"}}
    return cases


def processor_cases() -> Json:
    """Post-processors."""
    types = ["input_ids", "token_type_ids", "attention_mask"]
    bert = {"base": "bert"} | named("PreTrainedTokenizerFast", model_input_names=types)
    around: Json = {"sep": ["[SEP]", 3], "cls": ["[CLS]", 2]}
    roberta = {"type": "RobertaProcessing", **around, "trim_offsets": True, "add_prefix_space": False}
    ids = {"[CLS]": [2], "[SEP]": [3], "both": [3, 2]}
    both = template(
        [special("[CLS]", 0), text("A", 0), special("[SEP]", 0)],
        [special("[CLS]", 0), text("A", 0), special("[SEP]", 0), text("B", 1), special("[SEP]", 1)],
        ids,
    )
    behind = template([text("A", 2)], [text("B", 0), special("both", 1), text("A", 3)], ids)
    processors: Json = {
        "none": None,
        "BertProcessing": {"type": "BertProcessing", **around},
        "RobertaProcessing": roberta,
        "ByteLevel": BYTE_LEVEL,
        "TemplateProcessing": both,
        "the second text first": behind,
        "Sequence of ByteLevel and a template": {"type": "Sequence", "processors": [BYTE_LEVEL, both]},
        "Sequence of two": {"type": "Sequence", "processors": [{"type": "BertProcessing", **around}, roberta]},
        "Sequence that ends in a template": {"type": "Sequence", "processors": [roberta, both]},
        "Sequence that ends in ByteLevel": {"type": "Sequence", "processors": [both, BYTE_LEVEL]},
    }
    return {name: bert | step(post_processor=processor) for name, processor in processors.items()}


def step_cases() -> Json:
    """Normalizers, pre-tokenizers and added tokens that encoders have."""
    unigram = {"base": "xlmr"} | named("PreTrainedTokenizerFast")
    bert = {"base": "bert"} | named("PreTrainedTokenizerFast")
    real = {"type": "Precompiled", "precompiled_charsmap": "REAL"}
    spaces = {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}
    nmt, nfkc = {"type": "Nmt"}, {"type": "NFKC"}
    strip = {"type": "Strip", "strip_left": True, "strip_right": False}
    marks = {"type": "StripAccents"}
    normalizers: Json = {
        "Precompiled": real,
        "Precompiled and Replace": {"type": "Sequence", "normalizers": [real, spaces]},
        "Nmt": nmt,
        "Nmt, NFKC and Replace": {"type": "Sequence", "normalizers": [nmt, nfkc, spaces]},
        "NFKC": nfkc,
        "Replace": {"type": "Replace", "pattern": {"String": "e"}, "content": "  a "},
    }
    cases: Json = {name: unigram | step(normalizer=normalizer) for name, normalizer in normalizers.items()}
    for clean in (True, False):
        for lower in (True, False):
            for accents in (None, True, False):
                members = {"clean_text": clean, "handle_chinese_chars": lower, "strip_accents": accents, "lowercase": lower}
                if clean or accents is None:
                    cases[f"BertNormalizer {members}"] = bert | step(normalizer={"type": "BertNormalizer", **members})
    for scheme in ("always", "first", "never"):
        for apart in (True, False):
            meta = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": apart}
            cases[f"WhitespaceSplit and Metaspace {scheme} {apart}"] = unigram | step(
                normalizer=real, pre_tokenizer=sequence({"type": "WhitespaceSplit"}, meta)
            )
            cases[f"Metaspace {scheme} {apart}"] = unigram | step(normalizer=None, pre_tokenizer=meta)
    first = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True}
    bert_clean = {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": True}
    for name, normalizer in (normalizers | {"Strip": strip, "StripAccents": marks}).items():
        cases[f"Metaspace first behind {name}"] = unigram | step(normalizer=normalizer, pre_tokenizer=first)
    cases["Metaspace first behind BertNormalizer"] = unigram | step(
        normalizer=bert_clean | {"lowercase": True}, pre_tokenizer=first
    )
    cases["Metaspace first behind two"] = unigram | step(
        normalizer={"type": "Sequence", "normalizers": [real, strip, nmt]}, pre_tokenizer=first
    )
    for what, pattern in (("two", {"Regex": "wh|  |a"}), ("one", {"Regex": "[a-wИ ]"}), ("none", {"Regex": "(?=i)"})):
        for content in ("x", ""):
            replace = {"type": "Replace", "pattern": pattern, "content": content}
            cases[f"Metaspace first behind Replace of {what} by '{content}'"] = unigram | step(
                normalizer=replace, pre_tokenizer=first
            )
    cases["Unigram with byte fallback"] = {"base": "unigram-bytes"} | named("PreTrainedTokenizerFast")
    cases["WordPiece of short words"] = bert | {"model_patch": {"max_input_chars_per_word": 4}}
    for flags in ({"lstrip": True}, {"rstrip": True}, {"lstrip": True, "rstrip": True, "single_word": True}):
        tokens = [{"id": i, "content": content, **FLAGS} for i, content in enumerate(["<s>", "<pad>", "</s>", "<unk>"])]
        tokens += [{"id": 110 + i, **token(content), **flags} for i, content in enumerate(["<extra>", "re", "b"])]
        cases[f"added tokens {' '.join(flags)}"] = unigram | step(added_tokens=tokens)
        cases[f"added tokens {' '.join(flags)}, normalized"] = unigram | step(
            added_tokens=[t | ({"normalized": True, "special": False} if t["id"] >= 110 else {}) for t in tokens],
            normalizer=real,
        )
    return cases


def result_of(bases: Json, case: Json, charsmap: str) -> Json:
    """For each cut, ids and types of every pair; or the error."""
    case = json.loads(json.dumps(case).replace('"REAL"', json.dumps(charsmap)))
    with tempfile.TemporaryDirectory() as directory:
        write(Path(directory), bases, case)
        try:
            tokenizer = AutoTokenizer.from_pretrained(directory)
            cuts = []
            for length, side in CUTS:
                tokenizer.truncation_side = side
                rows = [tokenizer(a, b, truncation=True, max_length=length) for a, b in pairs()]
                cuts.append(
                    {
                        "ids": [row["input_ids"] for row in rows],
                        "types": ["".join(map(str, row.get("token_type_ids", []))) for row in rows],
                    }
                )
        except Exception as error:
            return {"error": f"{type(error).__name__}: {error}".splitlines()[0].replace(directory, "DIR")[:120]}
    return {"cuts": cuts}


def main() -> None:
    """Writes everything anew."""
    logging.set_verbosity_error()
    bases = json.loads(CLASSES_FILE.read_text(encoding="utf-8"))["bases"]
    charsmap = precompiled()
    distinct: list[str] = []
    lines = []
    for name, case in (class_cases() | processor_cases() | step_cases()).items():
        result = result_of(bases, case, charsmap)
        for cut in result.get("cuts", []):
            for key in ("ids", "types"):
                rows = [json.dumps(row, separators=(",", ":")) for row in cut[key]]
                distinct += [row for row in dict.fromkeys(rows) if row not in distinct]
                cut[key] = [distinct.index(row) for row in rows]
        lines.append(f"    {json.dumps(name)}: {json.dumps(case | result, separators=(',', ':'))}")
    versions = {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in PACKAGES}
    head = [
        f'  "versions": {json.dumps(versions)}',
        f'  "real": {json.dumps(charsmap)}',
        f'  "pairs": {json.dumps(pairs())}',
        f'  "lengths": {json.dumps(CUTS)}',
        '  "rows": [\n' + ",\n".join(f"    {row}" for row in distinct) + "\n  ]",
        '  "cases": {\n' + ",\n".join(lines) + "\n  }",
    ]
    PAIRS_FILE.write_text("{\n" + ",\n".join(head) + "\n}\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
