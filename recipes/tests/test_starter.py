"""The starter's recipe, on dialogues made here."""

from __future__ import annotations

import copy
import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
import torch
from tokenizers import Tokenizer

from reward_score_training.card import render
from starter import card, corpus, evaluation, judging, matching, vocabulary, wiring
from starter.augmentation import names, spelling
from starter.corpus import Dialogue, Json, Turn
from starter.gpt2 import parts_of
from starter.judging import logits_of
from starter.negatives import GENERIC, KINDS, UNSEEN_GENERIC, Negatives
from starter.network import Network, for_transformers
from starter.summing import order_sums
from starter.trees import TRUNK, Tree, Trees, collate
from starter.words import learn_words

RECIPES = Path(__file__).parents[1]
TOOL = RECIPES.parent / "bin" / "reward-score.js"
THINGS = "cats dogs trains films songs books cakes rivers stars boats games shoes birds maps".split()


def made_up(number: int, source: str = "self") -> list[Dialogue]:
    random, dialogues = Random(source), []
    for index in range(number):
        thing, other = random.sample(THINGS, 2)
        lines = [
            f"Do you like {thing}, my friend number {index}?",
            f"Yes, I like {thing} a lot, and {other} too.",
            f"What do you like about {other}?",
            f"They are {random.choice(['big', 'small', 'old'])}, that is what I like about {other}.",
            f"And what about {thing} then?",
            f"I could talk about {thing} for {random.randint(2, 90)} hours.",
            "Please do not!",
            f"Then tell me more about {other}.",
        ]
        turns = tuple(Turn("AB"[k % 2], line, 1.0) for k, line in enumerate(lines))
        dialogues.append(Dialogue(f"{source}-{index}", source, f"{source}/{thing}", turns))
    return dialogues


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return vocabulary.learn_vocabulary(made_up(40), seed=1)


@pytest.fixture(scope="module")
def wired(tokenizer: Tokenizer) -> Network:
    """A network before its first step; words mean what a random vector says."""
    torch.manual_seed(3)
    network = Network(tokenizer.get_vocab_size())
    words = torch.randn(tokenizer.get_vocab_size(), 96)
    wiring.wire(network, words, vocabulary.id_of(tokenizer, ":"), vocabulary.id_of(tokenizer, "\u010a"), seed=1)
    network.score.weight[0, wiring.MATCH].detach().fill_(1.0)
    network.score.weight[0, wiring.COPIES].detach().fill_(-1.0)
    return network.eval()


def states(network: Network, ids: list[int], layers: int) -> torch.Tensor:
    """[tokens, width] after so many layers."""
    x, masks = network.embed(torch.tensor(ids), torch.arange(len(ids))), [torch.ones(len(ids), len(ids)).tril().bool()]
    for block in network.blocks[:layers]:
        x = block.packed(x, masks, slice(None))
    return x


@torch.no_grad()
def test_transformers_computes_what_the_network_does(tokenizer: Tokenizer, wired: Network) -> None:
    model = for_transformers(wired)
    for dialogue in made_up(5):
        ids = tokenizer.encode("".join(f"User: {turn.text}\n" for turn in dialogue.turns)).ids
        ours = wired(
            torch.tensor(ids),
            torch.arange(len(ids)),
            [torch.ones(len(ids), len(ids)).tril().bool()],
            [torch.tensor([len(ids) - 1])],
        )
        assert model(torch.tensor([ids])).logits.item() == pytest.approx(ours.item(), abs=1e-4)


@torch.no_grad()
def test_what_rounds_less_changes_no_reward_and_ends_with_what_cancels(tokenizer: Tokenizer, wired: Network) -> None:
    rows = [tokenizer.encode("".join(f"User: {turn.text}\n" for turn in dialogue.turns)).ids for dialogue in made_up(6)]
    model, ordered = for_transformers(wired), for_transformers(wired)
    order_sums(ordered, rows[:3])
    assert not torch.equal(parts_of(model).blocks[1].up.weight, parts_of(ordered).blocks[1].up.weight)
    for ids in rows:
        assert ordered(torch.tensor([ids])).logits.item() == pytest.approx(
            model(torch.tensor([ids])).logits.item(), abs=1e-4
        )
    colon, words = vocabulary.id_of(tokenizer, ":"), ordered.transformer.wte.weight
    assert torch.equal(words[:, -1], wired.wte.weight[:, wiring.IS_COLON])
    assert words[colon, -1] > 1
    assert torch.equal(words[:, -2], wired.wte.weight[:, wiring.ONE])


@torch.no_grad()
def test_a_judged_token_of_a_tree_has_the_logit_of_its_row_alone(tokenizer: Tokenizer, wired: Network) -> None:
    dialogues = made_up(12)
    trees = [Trees(dialogues, Negatives(dialogues), tokenizer, seed=5)[index] for index in range(12)]
    batch, model, branches = collate(trees), for_transformers(wired), 0
    logits = logits_of(wired, batch)
    tokens = [(tree, it.token) for tree in trees for it in tree.judged]
    for logit, (tree, token) in zip(logits, tokens, strict=True):
        branch = tree.branch[token]
        own = [tree.ids[i] for i in range(token + 1) if tree.branch[i] == branch]
        trunk = [] if branch == TRUNK else tree.ids[: tree.visible[token]]
        assert logit.item() == pytest.approx(model(torch.tensor([trunk + own])).logits.item(), abs=1e-3)
        branches += branch != TRUNK
    assert branches > 50
    assert logits.std() > 0.1


@torch.no_grad()
def test_made_up_replies_stand_against_the_real_one_of_their_place(tokenizer: Tokenizer) -> None:
    dialogues = made_up(12)
    trees = [Trees(dialogues, Negatives(dialogues), tokenizer, seed=5)[index] for index in range(12)]
    batch, judged = collate(trees), [(number, it) for number, tree in enumerate(trees) for it in tree.judged]
    for (number, it), real in zip(judged, batch.real.tolist(), strict=True):
        assert (judged[real][0], judged[real][1].kind, judged[real][1].turn, judged[real][1].weight) == (
            number,
            "real",
            it.turn,
            it.weight,
        )


@torch.no_grad()
def test_the_wiring_sees_a_copied_turn(tokenizer: Tokenizer, wired: Network) -> None:
    context = (
        "User: Do you like cats?\nBot: Yes, I like cats a lot, and birds too.\nUser: What do you like about birds?\n"
    )

    def copies(reply: str) -> float:
        return states(wired, tokenizer.encode(f"{context}Bot: {reply}\n").ids, 3)[-1, wiring.COPIES].item()

    assert copies("Yes, I like cats a lot, and birds too.") > copies("They are small, that is what I like.") + 0.3
    assert copies("What do you like about birds?") > copies("Then tell me more about maps.") + 0.3


@torch.no_grad()
def test_the_wiring_means_a_reply_by_its_own_words(tokenizer: Tokenizer, wired: Network) -> None:
    def meaning(context: str) -> torch.Tensor:
        return states(wired, tokenizer.encode(f"{context}Bot: I like cats a lot.\n").ids, 2)[-1, wiring.WORD]

    one, other = (
        meaning("User: Hello.\nBot: Hi.\nUser: What about films?\n"),
        meaning("Me: Please tell me more about trains and boats, my friend!\n"),
    )
    assert torch.nn.functional.cosine_similarity(one, other, dim=0) > 0.99
    assert one.norm() > 1


def test_matching_learns_whose_reply_it_is_and_leaves_the_wiring_alone(tokenizer: Tokenizer) -> None:
    dialogues, size = made_up(400), tokenizer.get_vocab_size()
    network = Network(size)
    wiring.wire(
        network,
        learn_words(dialogues, tokenizer, 96, seed=1, passes=8),
        vocabulary.id_of(tokenizer, ":"),
        vocabulary.id_of(tokenizer, "\u010a"),
        seed=1,
    )
    before = {name: parameter.detach().clone() for name, parameter in network.named_parameters()}
    history = matching.learn_to_match(network, dialogues, tokenizer, seed=1, steps=60)
    assert history[-1][0] == 60
    with torch.no_grad():
        assert torch.equal(network.wpe.weight, before["wpe.weight"])
        assert torch.equal(network.wte.weight[:, wiring.FIXED], before["wte.weight"][:, wiring.FIXED])
        assert not torch.equal(network.wte.weight[:, wiring.WORD], before["wte.weight"][:, wiring.WORD])
        # The whole network, without the stage's masks: a turn about what the dialogue is about has the higher reward.
        model, won = for_transformers(network), []
        for one, other in zip(dialogues[:80:2], dialogues[1:80:2], strict=True):
            if one.topic != other.topic:
                context = "".join(f"{'UB'[k % 2]}: {turn.text}\n" for k, turn in enumerate(one.turns[:5]))
                rows = [tokenizer.encode(f"{context}B: {it.turns[5].text}\n").ids for it in (one, other)]
                real, made_up_ = (model(torch.tensor([ids])).logits.item() for ids in rows)
                won.append(real > made_up_)
        assert len(won) > 20
        assert sum(won) / len(won) > 0.7


class Stopped(Exception):
    pass


class StoppingTrees(Trees):
    def __getitem__(self, index: int) -> Tree:
        if index == 5 * judging.BATCH:
            raise Stopped
        return super().__getitem__(index)


def test_judging_goes_on_where_it_stopped_to_the_same_weights(
    tokenizer: Tokenizer, wired: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "KEPT_EVERY", 2)
    dialogues = made_up(8 * judging.BATCH)
    ours = (dialogues, Negatives(dialogues), tokenizer, 1)
    whole, stopped = copy.deepcopy(wired), copy.deepcopy(wired)
    judging.learn_to_judge(whole, Trees(*ours), 1, tmp_path / "whole.pt")
    with pytest.raises(Stopped):
        judging.learn_to_judge(stopped, StoppingTrees(*ours), 1, tmp_path / "kept.pt")
    assert torch.load(tmp_path / "kept.pt")["done"] == 4
    again = copy.deepcopy(wired)
    judging.learn_to_judge(again, Trees(*ours), 1, tmp_path / "kept.pt")
    assert all(torch.equal(one, other) for one, other in zip(whole.parameters(), again.parameters(), strict=True))
    assert not torch.equal(whole.wte.weight, wired.wte.weight)


def test_a_tree_is_drawn_from_its_seed_and_index_alone(tokenizer: Tokenizer) -> None:
    dialogues = made_up(6)
    a, b, other = (Trees(dialogues, Negatives(dialogues), tokenizer, seed) for seed in (1, 1, 2))
    assert [a[index].ids for index in (3, 0)] == [b[index].ids for index in (3, 0)]
    assert [a[index].ids for index in range(6)] != [other[index].ids for index in range(6)]


def test_the_trunk_is_the_dialogue_as_the_tool_lays_it_out(tokenizer: Tokenizer) -> None:
    dialogues = made_up(30)
    trees, as_written = Trees(dialogues, Negatives(dialogues), tokenizer, seed=2), 0
    for index in range(30):
        tree = trees[index]
        text = tokenizer.decode(tree.trunk)
        assert text.endswith("\n")
        last = text.rstrip("\n").split("\n")[-1]
        as_written += any(last.endswith(f": {turn.text}") for dialogue in dialogues for turn in dialogue.turns)
    assert as_written >= 20  # the others are spelt in lower case


@pytest.mark.parametrize("kind", KINDS)
def test_a_made_up_reply_is_never_the_real_one(kind: str) -> None:
    dialogues, random, drawn = made_up(20), Random(1), 0
    negatives = Negatives(dialogues)
    for dialogue in dialogues:
        for k in range(1, len(dialogue.turns)):
            text = negatives.draw(kind, dialogue, k, random)
            if text is not None:
                drawn += 1
                assert corpus.normal(text) != corpus.normal(dialogue.turns[k].text)
    assert drawn >= 60


def test_generic_replies_of_the_evaluation_are_not_those_of_the_training() -> None:
    assert {corpus.normal(text) for text in GENERIC}.isdisjoint(corpus.normal(text) for text in UNSEEN_GENERIC)


def test_a_split_is_by_dialogue_and_the_same_in_any_order() -> None:
    dialogues = made_up(400)
    parts, again = corpus.split(dialogues), corpus.split(dialogues[::-1])
    assert {name: {it.id for it in part} for name, part in parts.items()} == {
        name: {it.id for it in part} for name, part in again.items()
    }
    assert sum(map(len, parts.values())) == 400
    assert len(parts["train"]) > 300
    assert len(parts["test"]) > 10
    assert len(parts["valid"]) > 2


def test_turns_after_a_gap_are_left_out() -> None:
    turns = [
        {"speaker": "A", "text": " Hello  there "},
        {"speaker": "B", "text": "{}"},
        {"speaker": "A", "text": "What?"},
    ]
    assert [turn.text for turn in corpus.usable_turns(turns)] == ["Hello there"]


def test_both_speakers_have_names_and_every_name_can_answer() -> None:
    random, second = Random(4), set()
    for _ in range(3000):
        pair = names(random)
        assert pair[0] != pair[1]
        second.add(pair[1])
    assert {"Bot", "bot", "assistant", "Emma", "User", "Me"} <= second


def test_spellings_keep_the_words() -> None:
    random = Random(0)
    for _ in range(200):
        assert corpus.normal(spelling(random)("I don't like it, do you?")) == "idontlikeitdoyou"


def test_pairs_are_independent_and_tell_the_dialogue_from_the_bots_side() -> None:
    dialogues = made_up(30)
    drawn = evaluation.pairs(dialogues, "same_dialogue", 1)
    assert len(drawn) == 30
    for it in drawn:
        assert it["messages"][-1]["role"] == "user"
        assert it["chosen"] != it["rejected"]
    renamed = evaluation.renamed(drawn, 1)
    assert all({"user", "bot"}.isdisjoint(m["role"] for m in it["messages"]) for it in renamed)
    assert [it["chosen"] for it in renamed] == [it["chosen"] for it in drawn]


def written(file: Path, rows: list[Json]) -> None:
    with gzip.open(file, "wt", encoding="utf-8") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)


def data_folder(folder: Path) -> Path:
    folder.mkdir()
    for source in corpus.SOURCES:
        rows = [
            {
                "id": it.id,
                "source": it.topic,
                "turns": [{"speaker": turn.speaker, "text": turn.text} for turn in it.turns],
            }
            for it in made_up(60, source)
        ]
        written(folder / f"dialogue_{source}.jsonl.gz", rows)
    # A dialogue of the last source stands in a judged context, in another spelling.
    context = [{"speaker": "A", "text": made_up(60, "topical_chat")[7].turns[0].text.lower().replace("?", " ?")}]
    candidates = [{"text": f"I like {thing}.", "label": index % 3} for index, thing in enumerate(THINGS[:6])]
    for name in ("cand_unieval_usr_topical", "cand_conture"):
        written(
            folder / f"{name}.jsonl.gz",
            [{"id": str(n), "context": context, "candidates": candidates} for n in range(4)],
        )
    written(
        folder / "pairs_llmbar.jsonl.gz",
        [{"context": context, "chosen": "I do.", "rejected": "Cake."} for _ in range(5)],
    )
    return folder


def test_dialogues_of_judged_contexts_are_never_trained_on(tmp_path: Path) -> None:
    dialogues = corpus.read_dialogues(data_folder(tmp_path / "data"))
    assert "topical_chat-7" not in {dialogue.id for dialogue in dialogues}
    assert {"topical_chat-6", "topical_chat-8"} <= {dialogue.id for dialogue in dialogues}


def test_one_command_makes_a_model_that_goes_on_where_it_stopped(tmp_path: Path) -> None:
    assert (RECIPES.parent / "dist" / "index.js").exists(), "reward-score is not built: npm ci && npm run build"
    data = data_folder(tmp_path / "data")

    def make(work: str, out: str) -> Json:
        command: list[str | Path] = [
            sys.executable,
            "-m",
            "starter",
            "--data",
            data,
            "--work",
            tmp_path / work,
            "--out",
            tmp_path / out,
        ]
        subprocess.run(
            command, cwd=RECIPES, check=True, env={**os.environ, "REWARD_SCORE_CACHE": str(tmp_path / "cache")}
        )
        log: Json = json.loads((tmp_path / work / "log.json").read_text())
        return log

    first = make("work", "model")
    weights = (tmp_path / "model" / "model.safetensors").read_bytes()
    assert set(first["figures"]["pairwise"]) == set(KINDS)
    card = (tmp_path / "model" / "README.md").read_text()
    assert "CDLA-Sharing-1.0" in card
    assert "not liking" in card

    # A run that was stopped in its last stage: what is finished is not done again, and the rest comes out the same.
    shutil.copytree(tmp_path / "work", tmp_path / "again")
    (tmp_path / "again" / "judging.pt").unlink()
    finished = (tmp_path / "again" / "matching.pt").stat().st_mtime_ns
    second = make("again", "other")
    assert (tmp_path / "again" / "matching.pt").stat().st_mtime_ns == finished
    assert (tmp_path / "other" / "model.safetensors").read_bytes() == weights
    assert first["figures"] == second["figures"]


def test_the_card_of_the_bundled_model_says_what_the_log_of_its_run_does() -> None:
    log = json.loads((RECIPES / "starter" / "log.json").read_text())
    assert (RECIPES.parent / "models" / "starter" / "README.md").read_text() == render(card.card(log))


def test_two_whole_runs_from_one_seed_came_to_the_same() -> None:
    once, again = (json.loads((RECIPES / "starter" / name).read_text()) for name in ("log.json", "log-again.json"))
    assert once.pop("minutes") != again.pop("minutes")  # two runs, not one copied
    assert once == again
