"""Has huggingface_hub and datasets read a data set of the hub's double (with-hub.mjs), and compares what they see with what
reward-score sees: if the double is true to them, then the tests with it are."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DATA = "org/data"


def inputs_of(address: str, folder: Path) -> dict[str, tuple[int, str]]:
    """The files that reward-score reads, with their sizes and etags."""
    summary = folder / "summary.json"
    command = ["node", str(ROOT / "bin/reward-score.js"), "-q", "-m", str(ROOT / "fixtures/tiny-gpt2"), "--exit-zero"]
    scoring = ["--text", "text", "--to", "scores", "--summary", str(summary), address]
    subprocess.run([*command, *scoring], check=True, stdout=subprocess.DEVNULL)
    inputs: list[dict[str, Any]] = json.loads(summary.read_text())["inputs"]
    return {each["path"]: (each["bytes"], each["etag"]) for each in inputs}


def check_listings(folder: Path) -> int:
    from huggingface_hub import HfApi, HfFileSystem
    from huggingface_hub.hf_api import RepoFile

    api, files = HfApi(), HfFileSystem(skip_instance_cache=True)
    checked = 0
    for revision, pattern, asked in (
        ("main", "data/**/*.parquet", "hf://datasets/org/data/data/**/*.parquet"),
        ("main", "*.jsonl", "hf://datasets/org/data@main/*.jsonl"),
        ("main", "rows.jsonl", "hf://datasets/org/data/rows.jsonl"),
        ("refs/convert/parquet", "default/train/*.parquet", "hf://datasets/org/data"),
    ):
        commit = api.dataset_info(DATA, revision=revision).sha
        assert commit is not None
        tree = api.list_repo_tree(DATA, repo_type="dataset", recursive=True, revision=revision)
        listed = {
            each.path: (each.size, each.lfs.sha256 if each.lfs else each.blob_id)
            for each in tree
            if isinstance(each, RepoFile)
        }
        start = f"datasets/{DATA}@{commit}/"
        globbed: list[str] = [path.removeprefix(start) for path in files.glob(start + pattern)]
        expected = {f"hf://{start}{path}": listed[path] for path in globbed}
        assert expected, (revision, pattern)
        assert inputs_of(asked, folder) == expected, (inputs_of(asked, folder), expected)
        for path in globbed:
            content: bytes = files.read_bytes(start + path)
            assert len(content) == listed[path][0]
            with files.open(start + path, "rb", block_size=1000) as part:
                part.seek(len(content) // 2)
                assert part.read(9) == content[len(content) // 2 :][:9]
        checked += len(globbed)
    return checked


def check_rows(folder: Path) -> int:
    """The library streams the rows that reward-score scores."""
    import datasets

    address = "hf://datasets/org/data/data/*.parquet"
    rows = list(datasets.load_dataset("parquet", data_files=address, split="train", streaming=True))
    command = ["node", str(ROOT / "bin/reward-score.js"), "-q", "-m", str(ROOT / "fixtures/tiny-gpt2"), "--exit-zero"]
    target = folder / "scored.parquet"
    subprocess.run([*command, "--text", "text", address, "-o", str(target)], check=True)
    scored = datasets.load_dataset("parquet", data_files=str(target), split="train", cache_dir=str(folder / "cache"))
    assert [{name: row[name] for name in rows[0]} for row in scored] == rows
    return len(rows)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        # What they keep is not the user's; it is read when they are imported.
        os.environ["HF_HOME"] = name
        os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
        os.environ["HF_HUB_DISABLE_XET"] = "1"
        import datasets

        datasets.disable_progress_bars()
        folder = Path(name)
        files, rows = check_listings(folder), check_rows(folder)
    print(
        f"{files} files of a data set on the hub's double are the same for huggingface_hub, and {rows} rows for datasets"
    )


if __name__ == "__main__":
    main()
