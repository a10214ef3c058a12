"""Labelled rows to a model, through the command: what it learns, writes and survives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer, GPT2Config, GPT2LMHeadModel

from generated import END_OF_TEXT, read_jsonl, write_jsonl
from reward_score_training.checkpoints import last_complete
from reward_score_training.cli import main
from reward_score_training.metrics import auc, log_loss
from reward_score_training.order import LengthGroupedOrder
from tool import RewardScore

SIZES = "--n-layer 1 --n-head 2 --n-embd 32 --n-positions 64 --max-length 48".split()
PACE = "--learning-rate 5e-3 --batch-size 32 --micro-batch-size 16 --save-steps 6 --log-steps 1".split()


@pytest.fixture(scope="session")
def command(labelled: Path, tokenizer_folder: Path) -> list[str]:
    return [
        "train",
        str(labelled),
        "--from-scratch",
        "--tokenizer",
        str(tokenizer_folder),
        *SIZES,
        *PACE,
        "--licence",
        "cc-by-4.0",
    ]


@pytest.fixture(scope="session")
def model(command: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained without an interruption."""
    folder = tmp_path_factory.mktemp("trained") / "parrot"
    assert main([*command, "-o", str(folder)]) == 0
    return folder


@pytest.fixture(scope="session")
def pretrained(tokenizer_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A language model without a head of its own, and without dropout."""
    folder = tmp_path_factory.mktemp("pretrained") / "gpt2-tiny"
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
    torch.manual_seed(3)
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_layer=1,
        n_head=2,
        n_embd=32,
        n_positions=64,
        resid_pdrop=0,
        embd_pdrop=0,
        attn_pdrop=0,
    )
    GPT2LMHeadModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def start(arguments: list[str], *launcher: str) -> subprocess.Popen[str]:
    """A process of its own; its messages are read as they come."""
    command = [*(launcher or (sys.executable, "-m")), "reward_score_training", *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ)


def difference(a: Path, b: Path) -> float:
    first, second = (load_file(folder / "model.safetensors") for folder in (a, b))
    assert first.keys() == second.keys()
    return max(float(np.abs(first[name] - second[name]).max()) for name in first)


def rewards(folder: Path, texts: list[str]) -> list[float]:
    """The reference: float32, each row alone."""
    network = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        encoded = [tokenizer(text, truncation=True, max_length=48, return_tensors="pt") for text in texts]
        return [network(**tokens).logits[0, 0].item() for tokens in encoded]


def texts_of(file: Path) -> list[str]:
    return [row["prompt"] + row["response"] for row in read_jsonl(file)]


def assert_the_tool_agrees(reward_score: RewardScore, folder: Path, texts: list[str]) -> None:
    text = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    run = reward_score("-m", folder, "--max-length", 48, "--to", "scores", "--no-cache", text=text)
    assert run.returncode == 0, run.stderr
    for reference, scored in zip(rewards(folder, texts), map(float, run.stdout.split()), strict=True):
        assert abs(reference - scored) <= 1e-5 * max(1, abs(reference))


def test_it_learns_what_was_planted(model: Path, labelled: Path) -> None:
    rows = read_jsonl(labelled / "test.jsonl")
    logits, labels = rewards(model, texts_of(labelled / "test.jsonl")), [row["label"] for row in rows]
    # With a tenth of noise 0.9 is the best there is.
    assert auc(logits, labels) > 0.8
    record = json.loads((model / "training.json").read_text())
    test = next(figure for figure in record["outcome"]["figures"] if figure["split"] == "test")
    # The figures are those of the model in the folder, as it is loaded by others.
    assert test["auc"] == pytest.approx(auc(logits, labels), abs=1e-3)
    assert test["log_loss"] == pytest.approx(log_loss(logits, labels), abs=1e-5)
    assert test["log_loss"] < test["log_loss_constant"]
    validation = next(figure for figure in record["outcome"]["figures"] if figure["split"] == "validation")
    assert validation["log_loss"] <= validation["log_loss_before"]


def test_the_tool_loads_it_with_equal_rewards(model: Path, labelled: Path, reward_score: RewardScore) -> None:
    long = "Ann: " + "rain " * 80
    assert_the_tool_agrees(
        reward_score, model, [*texts_of(labelled / "test.jsonl"), long, f"a{END_OF_TEXT}{END_OF_TEXT}"]
    )


def test_half_precision(command: list[str], labelled: Path, reward_score: RewardScore, tmp_path: Path) -> None:
    folder = tmp_path / "half"
    assert main([*command, "-o", str(folder), "--save-dtype", "float16", "--precision", "bf16", "--epochs", "1"]) == 0
    assert {tensor.dtype for tensor in load_file(folder / "model.safetensors").values()} == {np.dtype("float16")}
    assert json.loads((folder / "config.json").read_text())["dtype"] == "float16"
    texts = texts_of(labelled / "validation.jsonl")
    # The temperature is in the weights, and the figures are of the rounded ones.
    figures = json.loads((folder / "training.json").read_text())["outcome"]["figures"]
    labels = [row["label"] for row in read_jsonl(labelled / "validation.jsonl")]
    assert figures[0]["log_loss"] == pytest.approx(log_loss(rewards(folder, texts), labels), abs=1e-5)
    assert_the_tool_agrees(reward_score, folder, texts)


def test_what_is_written(model: Path, labelled: Path) -> None:
    config = json.loads((model / "config.json").read_text())
    assert config["architectures"] == ["GPT2ForSequenceClassification"]
    assert config["pad_token_id"] == 0
    assert list(config["id2label"]) == ["0"]
    assert "score.bias" not in load_file(model / "model.safetensors")
    assert not model.with_name("parrot.work").exists()
    card = (model / "README.md").read_text()
    record = json.loads((model / "training.json").read_text())
    assert card.startswith("---\nlicense: cc-by-4.0\nlibrary_name: transformers\n")
    assert (
        "\ndescription: \"A reward model: the logit of the probability that a user accepts a chatbot's reply, " in card
    )
    assert str(labelled) not in card
    for source in record["data"].values():
        assert f"| {source['name']} | {source['rows']:,} |" in card
        assert source["sha256"] in card
    assert "not retry, and remaining_user_messages at least 2" in card
    assert "temperature of" in card
    assert "bias" in card.lower()
    for name in ("batch size: 32", "learning rate: 0.005", "seed: 0", f"torch: {torch.__version__}"):
        assert f"- {name}\n" in card


def test_a_killed_run_goes_on_to_the_same_weights(command: list[str], model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "parrot"
    checkpoints = tmp_path / "parrot.work" / "checkpoints"
    steps = json.loads((model / "training.json").read_text())["history"][-1]["step"]
    process = start([*command, "-o", str(folder)])
    assert process.stderr is not None
    # In the middle of the second epoch, some steps after a checkpoint.
    stop = f"step {(steps // 2 + 8) // 6 * 6 + 3}/"
    for line in process.stderr:
        if line.startswith(stop):
            process.kill()
            break
    assert process.wait() == -9
    kept = last_complete(checkpoints)
    assert kept is not None
    assert steps // 2 < int(kept.name.split("-")[1]) < steps
    assert not folder.exists()
    # One that was cut short while it was written is not gone on with.
    (checkpoints / f"checkpoint-{steps - 1}").mkdir()
    assert main([*command, "-o", str(folder)]) == 2
    assert main([*command, "-o", str(folder), "--resume", "--seed", "1"]) == 2
    assert main([*command, "-o", str(folder), "--resume"]) == 0
    assert difference(folder, model) == 0
    assert main([*command, "-o", str(folder), "--resume"]) == 0
    assert main([*command, "-o", str(folder)]) == 2


def test_the_batch_is_the_same_on_any_number_of_devices(pretrained: Path, labelled: Path, tmp_path: Path) -> None:
    """One process with rows all at once and in parts, and two processes: equal but for rounding."""
    data = tmp_path / "data"
    data.mkdir()
    write_jsonl(data / "train.jsonl", read_jsonl(labelled / "train.jsonl")[:320])
    write_jsonl(data / "validation.jsonl", read_jsonl(labelled / "validation.jsonl")[:40])
    flags = [
        "train",
        str(data),
        "-m",
        str(pretrained),
        "--max-length",
        "48",
        "--learning-rate",
        "1e-3",
        "--batch-size",
        "32",
        "--epochs",
        "1",
    ]
    one, two = tmp_path / "one", tmp_path / "two"
    assert main([*flags, "--micro-batch-size", "8", "-o", str(one)]) == 0
    launch = start(
        [*flags, "--micro-batch-size", "8", "--cpu", "-o", str(two)],
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc_per_node",
        "2",
        "-m",
    )
    _, errors = launch.communicate(timeout=300)
    assert launch.returncode == 0, errors
    assert "2 devices x 8 rows x 2" in errors
    assert difference(one, two) < 1e-4
    assert "base_model" not in (one / "README.md").read_text()
    assert "GPT-2 from gpt2-tiny (" in (one / "README.md").read_text()


def test_soft_targets(pretrained: Path, labelled: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for name in ("train", "validation"):
        rows = read_jsonl(labelled / f"{name}.jsonl")[:100]
        write_jsonl(data / f"{name}.jsonl", [{**row, "label": 0.2 + 0.6 * row["label"]} for row in rows])
    folder = tmp_path / "soft"
    assert (
        main(["train", str(data), "-m", str(pretrained), "--max-length", "48", "-o", str(folder), "--epochs", "1"]) == 0
    )
    assert "Targets are soft" in (folder / "README.md").read_text()
    assert 0.2 < json.loads((folder / "training.json").read_text())["data"]["train"]["base_rate"] < 0.8


def test_order() -> None:
    lengths = np.random.default_rng(0).integers(1, 257, size=10_007).astype(np.int32)
    order = LengthGroupedOrder(lengths, micro_batch=16, seed=1)
    first = list(order)
    assert sorted(first) == list(range(10_007))
    assert list(order) == first
    order.set_epoch(1)
    assert list(order) != first
    batches = [lengths[first[at : at + 16]] for at in range(0, 10_000, 16)]
    padding = sum(len(batch) * batch.max() - batch.sum() for batch in batches) / lengths.sum()
    assert padding < 0.05
    # A batch of four micro-batches has short and long rows.
    spread = [np.ptp(np.concatenate(batches[at : at + 4])) for at in range(0, 600, 4)]
    assert np.median(spread) > 64


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--n-embd", "31"], "expected a divisor of --n-embd 31"),
        (["--max-length", "65"], "expected at most the network's 64 positions"),
        (["--micro-batch-size", "5"], "expected a divisor of 32"),
        (["--tokenizer", "none/of/these"], "expected a tokenizer"),
        (["--model", "gpt2"], "expected --tokenizer, and no --model"),
        (["--learning-rate", "0"], "expected a number above 0"),
    ],
)
def test_wrong_use(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str], message: str
) -> None:
    try:
        code: object = main([*command, "-o", str(tmp_path / "model"), *flags])
    except SystemExit as error:
        code = error.code
    assert code == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_checkpoints_that_cannot_become_a_reward_model(
    pretrained: Path, labelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["train", str(labelled), "--max-length", "48", "-o", str(tmp_path / "model"), "-m"]
    assert main([*flags, str(tmp_path / "none")]) == 2
    config = json.loads((pretrained / "config.json").read_text())
    for change, message in (
        ({"model_type": "bert"}, "got model_type bert"),
        ({"architectures": ["GPT2ForSequenceClassification"], "id2label": {"0": "a", "1": "b"}}, "got 2 labels"),
    ):
        other = tmp_path / message.replace(" ", "-")
        other.mkdir()
        (other / "config.json").write_text(json.dumps({**config, **change}))
        assert main([*flags, str(other)]) == 2
        assert message in capsys.readouterr().err


def test_rows_that_are_not_labelled(
    command: list[str], labelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    rows = read_jsonl(labelled / "train.jsonl")[:3]
    write_jsonl(data / "train.jsonl", [*rows, {"text": "a", "label": 2}])
    arguments = [str(data) if argument == str(labelled) else argument for argument in command]
    assert main([*arguments, "-o", str(tmp_path / "model")]) == 2
    assert "expected validation.jsonl" in capsys.readouterr().err
    write_jsonl(data / "validation.jsonl", rows)
    assert main([*arguments, "-o", str(tmp_path / "model")]) == 2
    assert f"{data / 'train.jsonl'}:4: expected label to be from 0 to 1" in capsys.readouterr().err
