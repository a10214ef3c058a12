"""Writes src/model/tokenizer/old-unicode.ts: the classes of characters that the library tokenizers has in tables of its own.

They are older than the classes and normal forms of JavaScript, which are those of the newest Unicode, with more characters.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from pathlib import Path

from tokenizers import normalizers, pre_tokenizers

FILE = Path(__file__).resolve().parents[2] / "src" / "model" / "tokenizer" / "old-unicode.ts"
WIDTH = 112

punctuation = pre_tokenizers.Punctuation("isolated")
marks = normalizers.StripAccents()
non_spacing = normalizers.BertNormalizer(
    clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False
)
controls = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False)

nfc, nfd, nfkd = normalizers.NFC(), normalizers.NFD(), normalizers.NFKD()


def code_points() -> list[str]:
    """Every character."""
    return [chr(code) for code in (*range(0xD800), *range(0xE000, 0x110000))]


def composed() -> set[str]:
    """Characters of which a composed one is made."""
    return {part for c in code_points() if (parts := nfd.normalize_str(c)) != c and nfc.normalize_str(parts) == c for part in parts}


parts_of_composed = composed()


def is_normalized(c: str) -> bool:
    """Whether any normal form does something to it, or to its neighbours by it: the others change nothing."""
    moves = nfd.normalize_str(f"\u0345{c}") != f"\u0345{c}" or nfd.normalize_str(f"{c}\u0334") != f"{c}\u0334"
    return nfkd.normalize_str(c) != c or moves or c in parts_of_composed


CLASSES: dict[str, tuple[str, Callable[[str], bool]]] = {
    "PUNCTUATION": (
        "Punctuation, and all of ASCII's symbols.",
        lambda c: len(punctuation.pre_tokenize_str(f"a{c}a")) == 3,
    ),
    "MARK": ("Combining marks.", lambda c: marks.normalize_str(f"a{c}a") == "aa"),
    "NON_SPACING_MARK": ("Combining marks without a width.", lambda c: non_spacing.normalize_str(c) == ""),
    "NO_TEXT": (
        "Characters that BERT takes out: controls, formats, private use and U+FFFD.",
        lambda c: controls.normalize_str(f"a{c}a") == "aa",
    ),
    "NORMALIZED": (
        "Characters that normal forms take apart, put together or put in order.",
        is_normalized,
    ),
}


def ranges_of(is_member: Callable[[str], bool]) -> list[str]:
    """Code points in hexadecimal, alone or from-to."""
    found: list[list[int]] = []
    for code in (*range(0xD800), *range(0xE000, 0x110000)):
        if not is_member(chr(code)):
            continue
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return [f"{start:x}" if start == end else f"{start:x}-{end:x}" for start, end in found]


def lines_of(words: list[str]) -> list[str]:
    """Words in lines of a width."""
    lines = [""]
    for word in words:
        if len(lines[-1]) + 1 + len(word) > WIDTH:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return lines


def main() -> None:
    """Writes the file anew."""
    version = importlib.metadata.version("tokenizers")
    text = f"""/**
 * Classes of characters of which the library tokenizers {version} has tables of its own, older than JavaScript's,
 * which are those of the newest Unicode, with more characters. Made by test/oracle/make_old_unicode.py.
 */

/** A regular expression for one character of a class that is written as ranges of code points. */
const classOf = (ranges: string): string => `[${{ranges.replace(/[0-9a-f]+/g, '\\\\u{{$&}}').replace(/\\s+/g, '')}}]`;
"""
    for name, (what, is_member) in CLASSES.items():
        lines = "\n  ".join(lines_of(ranges_of(is_member)))
        text += f"\n/** {what} */\nexport const {name} = classOf(`\n  {lines}\n`);\n"
    FILE.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
