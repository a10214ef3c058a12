"""Writes tokenizer_classes.json: what AutoTokenizer makes of texts, by class, form of files, and field.

Every case is a directory: a base tokenizer with patches. The base tokenizers are trained here, on TRAINING; no file of
a model is among them. A case that transformers cannot load is stored with its error in place of ids.
"""

from __future__ import annotations

import base64
import copy
import importlib.metadata
import io
import json
import platform
import tempfile
from pathlib import Path
from typing import Any

import sentencepiece
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import AutoTokenizer, logging

Json = dict[str, Any]

HERE = Path(__file__).resolve().parent
CLASSES_FILE = HERE / "tokenizer_classes.json"
PACKAGES = ("transformers", "tokenizers", "sentencepiece")

TRAINING = [
    "User: I finally finished my first marathon today!",
    "Bot: Congratulations! How do your legs feel?",
    "It's what we're here for, they'll see; don't you think so?",
    "In 2024 it cost 150 dollars, and in 2019 only 99.",
    "The naïve café has a new chef. Who are you?",
    "system prompt: you are a helpful assistant",
] * 4

TEXTS = [
    "",
    " ",
    "Hello there",
    "  two spaces, and a trailing one ",
    "In 2024 it cost 150 dollars",
    "User: I'm HERE\nBot: they'LL see\n\n  so",
    "<|endoftext|>",
    "a<|endoftext|>b <|endoftext|> c",
    "<s>hi there</s> <s> again",
    "x</s> y [/INST] ok </s><s>[INST] z",
    "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\nyes",
    "an <extra> one, an<extra>one, <EXTRA> _<extra>_ é<extra>",
    "pad <pad> \t<pad>\n<pad>[PAD] [UNK] <unk> mask <mask>",
    "next\u0085line no-break\u00a0space \ufeffmark \u2028sep \u3000wide",
    "½ ² ① ٣٤٥ 1a2b3 x²",
    "e\u0301 and é, ﬁ Ａ ＡＢ ΑΣ İ ẞ",
    "日本語 and ✨ 👍🏽 👩‍👩‍👧",
    "\U0001d54f zero\u200bwidth a\u200db",
    "re: don't-stop... (no!?) [ok] a_b $5 +1 «q»",
    "▁under▁▁line ▁",
    "[CLS] Who are you? [SEP]",
]

FLAGS = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
LLAMA3_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|"
    r"\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2_PATTERN = LLAMA3_PATTERN.replace(r"\p{N}{1,3}", r"\p{N}")
NORMALIZATION = {
    "ﬁ": "fi",
    "Ａ": "A",
    "Ｂ": "B",
    "①": "1",
    "\u3000": " ",
    "\u00a0": " ",
    "e\u0301": "é",
    "²": "2",
    "\u200b": "",
}


def around(before: list[tuple[str, int]], after: list[tuple[str, int]]) -> Json:
    """TemplateProcessing that puts tokens around a text."""

    def pieces(tokens: list[tuple[str, int]]) -> list[Json]:
        return [{"SpecialToken": {"id": content, "type_id": 0}} for content, _ in tokens]

    single = [*pieces(before), {"Sequence": {"id": "A", "type_id": 0}}, *pieces(after)]
    return {
        "type": "TemplateProcessing",
        "single": single,
        "pair": [*single, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {name: {"id": name, "ids": [id], "tokens": [name]} for name, id in before + after},
    }


def content_of(tokenizer: Tokenizer, **edits: object) -> Json:
    """The content of tokenizer.json."""
    return json.loads(tokenizer.to_str()) | edits


def byte_level() -> Json:
    """GPT-2's layout."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=340,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TRAINING, trainer)
    return content_of(tokenizer)


def llama2() -> Json:
    """Llama 2's layout: byte fallback, and spaces as characters that a normalizer writes."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    special = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(vocab_size=420, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(TRAINING, trainer)
    content = content_of(tokenizer, post_processor=around([("<s>", 1)], []))
    content["added_tokens"] = [token for token in content["added_tokens"] if not token["content"].startswith("<0x")]
    return content


def word_pieces() -> Json:
    """BERT's layout."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=160, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(TRAINING, trainer)
    return content_of(tokenizer, post_processor=around([("[CLS]", 2)], [("[SEP]", 3)]))


def unigram(special: list[str], unknown: str, *, bytes_too: bool = False) -> Json:
    """XLM-RoBERTa's layout, with a small map of characters of SentencePiece."""
    rules = "".join(
        "\t".join(" ".join(f"{ord(c):X}" for c in side) for side in pair) + "\n" for pair in NORMALIZATION.items()
    )
    model = io.BytesIO()
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "rules.tsv"
        path.write_text(rules, encoding="utf-8")
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(TRAINING),
            model_writer=model,
            vocab_size=110,
            hard_vocab_limit=False,
            normalization_rule_tsv=str(path),
            minloglevel=2,
        )
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    from sentencepiece import sentencepiece_model_pb2

    proto = sentencepiece_model_pb2.ModelProto.FromString(model.getvalue())
    pieces = [[piece, 0.0] for piece in special]
    if bytes_too:
        pieces += [[f"<0x{byte:02X}>", 0.0] for byte in range(256)]
    pieces += [
        [processor.id_to_piece(i), round(processor.get_score(i), 4)] for i in range(3, processor.get_piece_size())
    ]
    charsmap = base64.b64encode(proto.normalizer_spec.precompiled_charsmap).decode()
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": i, "content": content, **FLAGS} for i, content in enumerate(special)],
        "normalizer": {"type": "Precompiled", "precompiled_charsmap": charsmap},
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
        "post_processor": around([(special[0], 0)], [(special[2], 2)]),
        "decoder": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
        "model": {
            "type": "Unigram",
            "unk_id": special.index(unknown),
            "vocab": pieces,
            "byte_fallback": bytes_too,
        },
    }


def bases() -> Json:
    """tokenizer.json of each base."""
    gpt2 = byte_level()
    split = {"type": "Split", "pattern": {"Regex": LLAMA3_PATTERN}, "behavior": "Isolated", "invert": False}
    bytes_alone = BYTE_LEVEL | {"use_regex": False}
    return (
        {"gpt2": gpt2, "llama2": llama2(), "bert": word_pieces()}
        | {
            "xlmr": unigram(["<s>", "<pad>", "</s>", "<unk>", "<mask>"], "<unk>"),
            "deberta": unigram(["[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]"], "[UNK]"),
        }
        | {"_patterns": {"llama3": [split, bytes_alone]}}
    )


def step(**members: object) -> Json:
    """A patch of tokenizer.json."""
    return {"patch": members}


def token(content: str, **flags: bool) -> Json:
    """An added token."""
    return {"content": content, **FLAGS, **flags}


def split(pattern: Json, behavior: str, *, invert: bool = False) -> Json:
    """A pre-tokenizer."""
    return {"type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert}


def sequence(*steps: Json) -> Json:
    """Pre-tokenizers one after the other."""
    return {"type": "Sequence", "pretokenizers": list(steps)}


def named(name: str, **fields: object) -> Json:
    """tokenizer_config.json."""
    return {"config": {"tokenizer_class": name, **fields}}


def class_cases() -> Json:
    """Class x form x field."""
    extra = {"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]}
    decoder = {
        "added_tokens_decoder": {
            "400": token("<|im_start|>"),
            "339": token("<pad>", lstrip=True),
            "401": token("<extra>", special=False, normalized=True, single_word=True),
        }
    }
    fields: Json = {
        "plain": {},
        "additional": extra,
        "extra-list": {"extra_special_tokens": ["<extra>", "[INST]"]},
        "extra-dict": {"extra_special_tokens": {"image_token": "<extra>"}, "boi_token": "[INST]"},
        "extra-both": {"extra_special_tokens": ["<extra>"], **extra},
        "extra-typed": {"extra_special_tokens": [{"__type": "AddedToken", **token("<extra>", rstrip=True)}]},
        "extra-object": {"extra_special_tokens": [token("<extra>")]},
        "decoder": decoder,
        "decoder-and-names": decoder | {"pad_token": "<pad>", "bos_token": "<extra>", "mask_token": "<mask>"},
        "pad": {"pad_token": "<pad>"},
        "pad-typed": {"pad_token": {"__type": "AddedToken", "content": "<pad>", "lstrip": True, "rstrip": True}},
        "pad-object": {"pad_token": {"content": "<pad>", "lstrip": True}},
        "nulls": {"bos_token": None, "eos_token": None, "unk_token": None, "pad_token": None},
        "others": {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "sep_token": "[SEP]"},
        "bos": {"add_bos_token": True, "bos_token": "<|endoftext|>"},
        "bos-and-eos": {"add_bos_token": True, "add_eos_token": True, "bos_token": "<s>", "eos_token": "</s>"},
        "bos-of-none": {"add_bos_token": True, "bos_token": None},
        "prefix-space": {"add_prefix_space": True},
        "no-prefix-space": {"add_prefix_space": False},
        "split-special": {"split_special_tokens": True, **extra},
        "without-effect": {
            "clean_up_tokenization_spaces": True,
            "model_input_names": ["input_ids"],
            "errors": "strict",
            "use_fast": False,
            "do_lower_case": True,
            "padding_side": "left",
            "truncation_side": "left",
            "model_max_length": 5,
            "unknown_to_all": [1, {"a": None}],
        },
    }
    cases: Json = {}
    for name in (
        "GPT2Tokenizer",
        "Qwen2TokenizerFast",
        "PreTrainedTokenizerFast",
        "RobertaTokenizer",
        "GPTNeoXTokenizer",
    ):
        for form in ("tokenizer.json", "vocab.json"):
            for field, value in fields.items():
                if name in ("RobertaTokenizer", "GPTNeoXTokenizer") and field not in (
                    "plain",
                    "prefix-space",
                    "bos-and-eos",
                ):
                    continue
                if form == "vocab.json" and name == "PreTrainedTokenizerFast" and field != "plain":
                    continue
                cases[f"{name}, {form}, {field}"] = {"base": "gpt2", "form": form, **named(name, **value)}
    llama = {"base": "llama2"}
    for field, value in fields.items():
        cases[f"LlamaTokenizer, tokenizer.json, {field}"] = llama | named("LlamaTokenizer", **value)
    for legacy in (True, False, None):
        cases[f"LlamaTokenizerFast, legacy {legacy}"] = llama | named("LlamaTokenizerFast", legacy=legacy)
    cases["LlamaTokenizer, vocab.json"] = {"base": "gpt2", "form": "vocab.json", **named("LlamaTokenizer")}
    cases["LlamaTokenizer over byte-level"] = {"base": "gpt2", **named("LlamaTokenizer")}
    cases["LlamaTokenizer over Unigram"] = {"base": "xlmr", **named("LlamaTokenizer")}
    cases["Llama 2, taken as it is"] = llama | named("PreTrainedTokenizerFast")
    cases["Llama 2, as transformers 5 saves it"] = (
        llama
        | named("LlamaTokenizer")
        | step(
            normalizer=None,
            pre_tokenizer={"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False},
        )
    )
    cases["no class, nothing else"] = {"base": "gpt2"}
    cases["no class, no tokenizer.json"] = {"base": "gpt2", "form": "vocab.json"}
    for model_type in ("gpt2", "llama", "qwen2", "qwen3", "mistral", "bert", "nothing-known"):
        for form in ("tokenizer.json", "vocab.json"):
            cases[f"no class, {form}, {model_type}"] = {
                "base": "gpt2",
                "form": form,
                "model": {"model_type": model_type},
            }
        for name in ("GPT2Tokenizer", "PreTrainedTokenizerFast", "LlamaTokenizerFast", "Qwen2Tokenizer"):
            cases[f"{name} of a {model_type} model"] = {"base": "smollm2", "model": {"model_type": model_type}} | named(
                name
            )
        cases[f"LlamaTokenizer over Metaspace of a {model_type} model"] = (
            llama | {"model": {"model_type": model_type}} | named("LlamaTokenizer")
        )
    cases["class of config.json"] = {
        "base": "smollm2",
        "model": {"model_type": "llama", "tokenizer_class": "GPT2Tokenizer"},
    }
    cases["a class of no name"] = {"base": "smollm2"} | named("SomeTokenizerOfMine")
    cases["T5Tokenizer"] = {"base": "xlmr"} | named("T5Tokenizer")
    for name in ("GPT2Tokenizer", "PreTrainedTokenizerFast", "Qwen2Tokenizer", "GPTNeoXTokenizer", "LlamaTokenizer"):
        for layout in ("smollm2", "llama3", "qwen2", "lowercase"):
            cases[f"{name}, {layout} layout"] = {"base": layout} | named(name)
    old_files: Json = {
        "map": {"special": {"additional_special_tokens": ["<|im_start|>", "<extra>"], "pad_token": "<pad>"}},
        "map-objects": {"special": {"pad_token": token("<pad>", lstrip=True), "bos_token": {"content": "<s>"}}},
        "map-list-of-objects": {"special": {"additional_special_tokens": [token("<extra>")]}},
        "map-extra-objects": {"special": {"extra_special_tokens": [{"content": "<extra>", "rstrip": True}]}},
        "map-typed": {"special": {"pad_token": {"__type": "AddedToken", "content": "<pad>"}}},
        "added": {"added": {"<|im_start|>": 341, "<|im_end|>": 340, "<extra>": 345}},
        "added-and-map": {
            "added": {"<|im_start|>": 340, "<pad>": 341},
            "special": {"pad_token": "<pad>", "additional_special_tokens": ["<|im_start|>"]},
        },
        "added-bad": {"added": {"<|im_start|>": "340"}},
    }
    for name in ("GPT2Tokenizer", "PreTrainedTokenizerFast"):
        for form in ("tokenizer.json", "vocab.json"):
            for what, files in old_files.items():
                if name == "GPT2Tokenizer" or form == "tokenizer.json":
                    cases[f"{name}, {form}, {what}"] = {"base": "gpt2", "form": form, **files, **named(name)}
    cases["a map that does not count"] = {"base": "gpt2", **old_files["map"], **named("GPT2Tokenizer", **decoder)}
    cases["a map above the config"] = {"base": "gpt2", **old_files["map"], **named("GPT2Tokenizer", pad_token="<mask>")}
    for name in ("BertTokenizer", "DistilBertTokenizerFast", "PreTrainedTokenizerFast"):
        for flag in ({}, {"do_lower_case": False}, {"strip_accents": True}, {"tokenize_chinese_chars": False}):
            cases[f"{name} {flag}"] = {"base": "bert"} | named(name, **flag)
    cases["BertTokenizer without a separator"] = {"base": "bert"} | named("BertTokenizer", sep_token=None)
    for name, base in (
        ("XLMRobertaTokenizer", "xlmr"),
        ("DebertaV2Tokenizer", "deberta"),
        ("DebertaV2Tokenizer", "xlmr"),
    ):
        for flag in ({}, {"add_prefix_space": False}, {"do_lower_case": True, "split_by_punct": True}):
            cases[f"{name} of {base} {flag}"] = {"base": base} | named(name, **flag)
    cases["XLMRobertaTokenizer over BPE"] = {"base": "gpt2"} | named("XLMRobertaTokenizer")
    gap = {"added_tokens": [{"id": 0, **token("<|endoftext|>")}, {"id": 350, **token("<extra>")}]}
    for name in ("GPT2Tokenizer", "PreTrainedTokenizerFast"):
        cases[f"{name}, an id behind a gap"] = {"base": "gpt2"} | named(name) | step(**gap)
    padding = {"strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": None}
    padding |= {"pad_id": 3, "pad_type_id": 0, "pad_token": "<pad>"}
    for name in ("GPT2Tokenizer", "PreTrainedTokenizerFast", "Qwen2Tokenizer"):
        cases[f"{name}, padding"] = {"base": "gpt2"} | named(name) | step(padding=padding)
    return cases


def step_cases() -> Json:
    """Steps of tokenizer.json that the class takes as they are, and flags of added tokens."""
    cases: Json = {}
    base = {"base": "gpt2"} | named("PreTrainedTokenizerFast")
    patterns: Json = {"regex": {"Regex": r"\s+|[,.]"}, "string": {"String": "e"}}
    behaviors = ("Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous")
    bytes_alone = BYTE_LEVEL | {"use_regex": False}
    for kind, pattern in patterns.items():
        for behavior in behaviors:
            for invert in (False, True):
                steps = sequence(split(pattern, behavior, invert=invert), bytes_alone)
                cases[f"Split {kind} {behavior} {invert}"] = base | step(pre_tokenizer=steps)
    for behavior in behaviors:
        steps = sequence({"type": "Punctuation", "behavior": behavior}, bytes_alone)
        cases[f"Punctuation {behavior}"] = base | step(pre_tokenizer=steps)
    for kind in ("Whitespace", "WhitespaceSplit", "BertPreTokenizer"):
        cases[kind] = base | step(pre_tokenizer=sequence({"type": kind}, bytes_alone))
    cases["CharDelimiterSplit"] = base | step(
        pre_tokenizer=sequence({"type": "CharDelimiterSplit", "delimiter": "e"}, bytes_alone)
    )
    for apart in (False, True):
        digits = {"type": "Digits", "individual_digits": apart}
        cases[f"Digits {apart}"] = base | step(pre_tokenizer=sequence(digits, BYTE_LEVEL))
    cases["FixedLength"] = base | step(pre_tokenizer=sequence({"type": "FixedLength", "length": 3}, bytes_alone))
    cases["UnicodeScripts"] = base | step(pre_tokenizer=sequence({"type": "UnicodeScripts"}, bytes_alone))
    cases["no pre-tokenizer"] = base | step(pre_tokenizer=None)
    for flags in ({"lstrip": True}, {"rstrip": True}, {"single_word": True}, {"normalized": True, "special": False}):
        for contents in (["<extra>", "<s>", "re"], ["<pad>", "\t", "<|endoftext|>"]):
            tokens = [{"id": 340 + i, **token(content), **flags} for i, content in enumerate(contents)]
            name = f"added {' '.join(flags)} {contents}"
            cases[name] = base | step(added_tokens=tokens)
            cases[f"{name}, lower case"] = base | step(added_tokens=tokens, normalizer={"type": "Lowercase"})
    for kind in ("NFC", "NFD", "NFKC", "NFKD", "StripAccents", "Nmt"):
        cases[kind] = base | step(normalizer={"type": kind})
    for left, right in ((True, False), (False, True), (True, True)):
        cases[f"Strip {left} {right}"] = base | step(
            normalizer={"type": "Strip", "strip_left": left, "strip_right": right}
        )
    cases["Replace"] = base | step(normalizer={"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": "$& "})
    llama = {"base": "llama2"} | named("PreTrainedTokenizerFast")
    for scheme in ("always", "first", "never"):
        for apart in (False, True):
            steps = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": apart}
            cases[f"Metaspace {scheme} {apart}"] = llama | step(normalizer=None, pre_tokenizer=steps)
    first = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False}
    strip = {"type": "Strip", "strip_left": True, "strip_right": False}
    cases["Metaspace first behind Strip"] = llama | step(normalizer=strip, pre_tokenizer=first)
    for members in (
        {"byte_fallback": False},
        {"byte_fallback": False, "fuse_unk": False},
        {"byte_fallback": False, "unk_token": None},
        {"ignore_merges": True},
    ):
        cases[f"BPE {members}"] = llama | {"model_patch": members}
    cases["BPE dropout"] = llama | {"model_patch": {"dropout": 1.0}}
    cases["BPE suffix"] = base | {"model_patch": {"end_of_word_suffix": "e"}}
    for base_name in ("xlmr", "unigram-bytes"):
        cases[f"Unigram {base_name}"] = {"base": base_name} | named("PreTrainedTokenizerFast")
    cases["a step with an unknown member"] = base | step(pre_tokenizer=BYTE_LEVEL | {"beyond": True})
    cases["a field with a tokenizer in it"] = base | named("PreTrainedTokenizerFast", vocab={"a": 0})
    return cases


def all_bases() -> Json:
    """Bases, and how others come of them."""
    built = bases()
    pattern, bytes_alone = built.pop("_patterns")["llama3"]
    gpt2 = built["gpt2"]
    digits = {"type": "Digits", "individual_digits": True}
    derived: Json = {
        "smollm2": {"of": "gpt2", "patch": {"pre_tokenizer": sequence(digits, BYTE_LEVEL)}},
        "lowercase": {"of": "gpt2", "patch": {"normalizer": {"type": "Lowercase"}}},
        "llama3": {
            "of": "gpt2",
            "patch": {
                "pre_tokenizer": sequence(pattern, bytes_alone),
                "post_processor": around([("<|endoftext|>", gpt2["model"]["vocab"]["<|endoftext|>"])], []),
            },
            "model_patch": {"ignore_merges": True},
            "more_vocab": {"ĠINST": 340, "dollars": 341, "User:": 342},
        },
        "qwen2": {
            "of": "gpt2",
            "patch": {
                "normalizer": {"type": "NFC"},
                "pre_tokenizer": sequence(split({"Regex": QWEN2_PATTERN}, "Isolated"), bytes_alone),
            },
        },
    }
    built["unigram-bytes"] = unigram(["<s>", "<pad>", "</s>", "<unk>"], "<unk>", bytes_too=True)
    del built["unigram-bytes"]["normalizer"]["precompiled_charsmap"]
    built["unigram-bytes"]["normalizer"] = None
    return built | derived


def base_content(all_of_them: Json, name: str) -> Json:
    """tokenizer.json of a base."""
    base = copy.deepcopy(all_of_them[name])
    if "of" not in base:
        return base
    content = base_content(all_of_them, base["of"]) | base["patch"]
    content["model"] |= base.get("model_patch", {})
    content["model"]["vocab"] |= base.get("more_vocab", {})
    return content


def write(directory: Path, all_of_them: Json, case: Json) -> None:
    """The files of a case."""
    content = base_content(all_of_them, case["base"]) | case.get("patch", {})
    content["model"] |= case.get("model_patch", {})
    files: dict[str, str] = {}
    if case.get("form") == "vocab.json":
        files["vocab.json"] = json.dumps(content["model"]["vocab"])
        merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in content["model"]["merges"]]
        files["merges.txt"] = "\n".join(["#version: 0.2", *merges, ""])
    else:
        files["tokenizer.json"] = json.dumps(content)
    for key, name in (
        ("config", "tokenizer_config.json"),
        ("special", "special_tokens_map.json"),
        ("added", "added_tokens.json"),
        ("model", "config.json"),
    ):
        if key in case:
            files[name] = json.dumps(case[key])
    for name, text in files.items():
        (directory / name).write_text(text, encoding="utf-8")


def result_of(all_of_them: Json, case: Json) -> Json:
    """Ids of the texts and the special tokens, or the error."""
    with tempfile.TemporaryDirectory() as directory:
        write(Path(directory), all_of_them, case)
        try:
            tokenizer = AutoTokenizer.from_pretrained(directory)
            ids = [tokenizer(text)["input_ids"] for text in TEXTS]
        except Exception as error:
            return {"error": f"{type(error).__name__}: {error}".splitlines()[0].replace(directory, "DIR")[:120]}
        return {"class": type(tokenizer).__name__, "ids": ids, "special": dict(tokenizer.special_tokens_map)}


def main() -> None:
    """Writes everything anew."""
    logging.set_verbosity_error()
    all_of_them = all_bases()
    distinct: list[list[list[int]]] = [[] for _ in TEXTS]
    specials: list[Json] = []
    lines = []
    for name, case in (class_cases() | step_cases()).items():
        result = result_of(all_of_them, case)
        if "ids" in result:
            for seen, ids in zip(distinct, result["ids"], strict=True):
                if ids not in seen:
                    seen.append(ids)
            if result["special"] not in specials:
                specials.append(result["special"])
            result["ids"] = [seen.index(ids) for seen, ids in zip(distinct, result["ids"], strict=True)]
            result["special_map"] = specials.index(result.pop("special"))
        lines.append(f"    {json.dumps(name)}: {json.dumps(case | result, ensure_ascii=True)}")
    versions = {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in PACKAGES}
    head = [
        f'  "versions": {json.dumps(versions)}',
        f'  "texts": {json.dumps(TEXTS)}',
        '  "ids": [\n' + ",\n".join(f"    {json.dumps(seen, separators=(',', ':'))}" for seen in distinct) + "\n  ]",
        f'  "specials": {json.dumps(specials)}',
        '  "bases": {\n'
        + ",\n".join(
            f"    {json.dumps(name)}: {json.dumps(base, separators=(',', ':'))}" for name, base in all_of_them.items()
        )
        + "\n  }",
        '  "cases": {\n' + ",\n".join(lines) + "\n  }",
    ]
    CLASSES_FILE.write_text("{\n" + ",\n".join(head) + "\n}\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
