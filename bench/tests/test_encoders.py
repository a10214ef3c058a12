"""The workloads of encoders: lengths and pairs of the rows, who takes part, and what the ratios are to."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from transformers import PreTrainedTokenizerBase as Tokenizer

import contenders
import conversations
import figures
import models
import peer
import report
import run
import targets
import workloads
from results_file import ContenderResult, Environment, Machine, Measurements, Results, Run, Settings, WorkloadResult


@pytest.fixture(scope="module")
def dialogues() -> list[list[conversations.Turn]]:
    return conversations.made_up(60, random.Random(1))


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    """WordPiece whose words are a letter and its followers, so that texts are cut within words."""
    from transformers import BertTokenizer

    letters = "abcdefghijklmnopqrstuvwxyz"
    pieces = [*"[PAD] [UNK] [CLS] [SEP] [MASK]".split(), *letters, *(f"##{letter}" for letter in letters), "##ing"]
    file = tmp_path_factory.mktemp("vocabulary") / "vocab.txt"
    file.write_text("\n".join(pieces))
    made: Tokenizer = BertTokenizer(vocab=str(file))
    return made


@pytest.mark.parametrize(
    ("make", "least", "most"), [("short_texts", 8, 16), ("mixed_texts", 16, 512), ("long_texts", 512, 512)]
)
def test_texts_are_different_and_as_long_as_they_should_be(
    dialogues: list[list[conversations.Turn]], tokenizer: Tokenizer, make: str, least: int, most: int
) -> None:
    workload: workloads.Workload = getattr(workloads, make)(dialogues, 40, tokenizer)
    lengths = workloads.lengths(workload, tokenizer)
    assert len(set(workload.texts)) == len(workload.rows) == 40
    assert [row["text"] for row in workload.rows] == list(workload.texts)
    assert least <= min(lengths) <= max(lengths) <= most
    assert lengths == [len(row["input_ids"]) for row in workloads.visible(workload, tokenizer)]


def test_mixed_lengths_are_spread_over_their_logarithm(
    dialogues: list[list[conversations.Turn]], tokenizer: Tokenizer
) -> None:
    lengths = workloads.lengths(workloads.mixed_texts(dialogues, 400, tokenizer), tokenizer)
    octaves = [sum(bound <= length < 2 * bound for length in lengths) for bound in (16, 32, 64, 128, 256)]
    assert min(octaves) > 50, octaves


def test_too_few_texts_are_an_error(tokenizer: Tokenizer) -> None:
    with pytest.raises(SystemExit, match="give 9 different texts of 8 to 16 tokens, not 10"):
        workloads.short_texts([[{"speaker": "a", "text": "a"}], []], 10, tokenizer)


def test_pairs_are_rows_of_a_query_and_a_document(
    dialogues: list[list[conversations.Turn]], tokenizer: Tokenizer
) -> None:
    workload = workloads.pairs(dialogues, 3, 4, tokenizer)
    assert workload.texts == [(row["query"], row["document"]) for row in workload.rows]
    assert [len({row["query"] for row in workload.rows[i : i + 4]}) for i in (0, 4, 8)] == [1, 1, 1]
    [first, *_] = workloads.visible(workload, tokenizer)
    query, document = (tokenizer(text)["input_ids"] for text in workload.texts[0])
    assert first["input_ids"] == query + document[1:]
    assert first["token_type_ids"] == [0] * len(query) + [1] * (len(document) - 1)


def test_a_peer_gets_the_same_tokens_padded(tokenizer: Tokenizer, dialogues: list[list[conversations.Turn]]) -> None:
    workload = workloads.pairs(dialogues, 2, 2, tokenizer)
    batch = peer.encode(tokenizer, [list(pair) for pair in workload.texts], "np", {"maxLength": 40})
    cut = workloads.visible(replace(workload, max_length=40), tokenizer)
    for i, row in enumerate(cut):
        seen = batch["attention_mask"][i].astype(bool)
        assert {name: batch[name][i][seen].tolist() for name in row} == row


def test_sorting_gives_rewards_back_in_their_order() -> None:
    score = peer.by_length(lambda texts: [float(peer.size(text)) for text in texts])
    assert score(["abc", ["a", "bcde"], "a"]) == [3.0, 5.0, 1.0]


def test_of_encoders_the_cross_encoder_is_one_and_exports_are_sorted() -> None:
    workload = workloads.Workload("W6", "", models.ENCODER, [], [])
    peers = [one.key for one in contenders.taking_part(workload) if not one.ours]
    assert peers == ["cross-encoder", "onnx-fp32-sorted", "onnx-int8-sorted"]
    others = contenders.taking_part(replace(workload, model="base"))
    assert not {one.key for one in others} & {"onnx-fp32-sorted", "onnx-int8-sorted"}


def test_ratios_and_aims_of_encoders_are_to_what_people_use() -> None:
    speeds = {"cross-encoder": 2.0, "onnx-fp32-sorted": 4.0, "ours-fp32-2": 5.0, "ours-int8-2": 14.0}
    one = WorkloadResult("W6", "an encoder", models.ENCODER, 1, 1, 1, "", 1, 0, 1.0, results_of(speeds))
    found = figures.ratio(one, "ours-fp32-2")
    assert found is not None
    assert found.median == 2.5
    aims = [(aim.name, aim.limit, aim.got, aim.reached) for aim in targets.aims(Measurements({}, [one]))]
    assert aims == [
        ("W6, fp32, against sentence-transformers CrossEncoder", 1.5, 2.5, True),
        ("W6, fp32, against onnxruntime (Python), padded export, rows sorted by length", 1.5, 1.25, False),
        ("W6, int8, against sentence-transformers CrossEncoder", 3.5, 7.0, True),
        ("W6, int8, against onnxruntime (Python), padded export, rows sorted by length", 3.5, 3.5, True),
    ]


def test_the_page_says_what_is_one() -> None:
    encoder = WorkloadResult(
        "W6", "an encoder", models.ENCODER, 1, 1, 1, "", 1, 0, 1.0, results_of({"cross-encoder": 2.0})
    )
    other = replace(encoder, name="W2", model="base", contenders=results_of({"snippet": 1.0}))
    taken = Environment("2026-01-01", "", Machine("", [], 2, None, ""), {}, Settings(1, False, "made up"))
    page = report.page(Results(taken, Measurements({}, [other, encoder])), "")
    assert "In W6 sentence-transformers CrossEncoder is 1.\n" in page


def test_every_workload_has_the_model_that_is_prepared_for_it(
    dialogues: list[list[conversations.Turn]], tokenizer: Tokenizer
) -> None:
    prepared = {user: model for model, users in run.USES.items() for user in users if user.startswith("W")}
    makers = workloads.makers(dialogues, workloads.QUICK, lambda _: tokenizer)
    assert set(prepared) == set(makers)
    # Of the others the rows need GPT-2's tokenizer, which is made with the model.
    made = {
        name: make().model
        for name, make in makers.items()
        if name in {"W1", "W1r", "W2", "W5", "W6", "W6s", "W6l", "W6p"}
    }
    assert made == {name: prepared[name] for name in made}


def results_of(speeds: dict[str, float]) -> dict[str, ContenderResult]:
    """One round of each."""
    return {
        key: ContenderResult([Run(seconds=1 / speed, private_mb=1, peak_mb=1, rewards_per_second=speed)])
        for key, speed in speeds.items()
    }
