"""What the starter's card says."""

from __future__ import annotations

from reward_score_training.card import Card, Table

from .corpus import Json

LICENCE = "cdla-sharing-1.0"
SUMMARY = (
    "A starter: it knows relevance and fluency, not liking. It tells a fitting reply from one that is off the topic or broken; "
    "what people prefer it was never told."
)
SOURCES = (
    (
        "Self-dialogue Corpus (jfainberg/self_dialogue_corpus)",
        "one writer playing both sides, 23 topics",
        "BSD-3-Clause",
    ),
    (
        "Synthetic-Persona-Chat (google-research-datasets), validation and test",
        "persona chats, machine-made",
        "CC BY 4.0",
    ),
    ("Topical-Chat (alexa), validation and test", "human chats, turns rated by the partner", "CDLA-Sharing-1.0"),
)
LIMITS = (
    "Real next turn against made-up reply teaches relevance and fluency, not liking: for preferences use a model that was trained on what your users did.",
    "It is small, and its dialogues are about films, music, sport, books and everyday life, in English. It knows little of the world, judges no facts, no tone, no safety.",
    "The probability is calibrated for one real reply against one made-up one of the kinds above. Other candidates have other base rates.",
    "Rewards compare replies to one conversation. Between conversations they also say how predictable a reply was there.",
    "Its rewards are those of float32: in 8-bit integers it ranks replies otherwise.",
    "It saw at most 256 tokens, in the layout `NAME: CONTENT`, a line a message.",
)
KIND = {
    "random": "a turn of another dialogue",
    "topic": "a turn of another dialogue on that topic",
    "same_dialogue": "a turn said elsewhere in the dialogue",
    "repeat": "the last message repeated",
    "generic": "a generic reply (none of those trained on)",
    "cut": "the reply, cut short",
    "shuffled": "the reply, words shuffled",
}


def card(log: Json) -> Card:
    figures, calibration = log["figures"], log["calibration"]
    columns = [
        "against",
        "pairs",
        "this model",
        "other names",
        "longest",
        "shortest",
        "TF-IDF, last message",
        "TF-IDF, context",
    ]
    names = ["model", "model, other names", "longest", "shortest", "tf-idf, last message", "tf-idf, context"]
    pairwise = [
        [KIND[kind], it["model"]["n"], *(interval(it[name]) for name in names)]
        for kind, it in figures["pairwise"].items()
    ]
    return Card(
        title="reward-score-starter",
        summary=SUMMARY,
        licence=LICENCE,
        data=Table(
            ("source", "what", "licence"),
            SOURCES,
            "Split by dialogue; dialogues that share a long turn with the contexts of USR Topical-Chat were left out.",
        ),
        training={
            "dialogues": f"{log['dialogues']['train']:,} to train, {log['dialogues']['valid']:,} for the temperature, {log['dialogues']['test']:,} for the figures",
            "vocabulary": "byte-level BPE, 8,000 tokens, learnt from the training dialogues",
            # The words of the published card, which a test holds to this.
            "first lesson": "word vectors: which turn answers which, as bags of words (InfoNCE, four passes)",
            "second lesson": "the network, wired to compare a reply's words with its context's, on the same task (InfoNCE, two passes)",
            "third lesson": "binary cross-entropy at the end of each turn, real turns (Topical-Chat's with their rating as target) against made-up ones, and Bradley-Terry between those of one place: one and a half passes",
            "names": "drawn for each dialogue: User, Bot, assistant, first names and others",
            "seed": log["seed"],
        },
        figures=(
            Table(
                columns,
                pairwise,
                "How often the real next turn has the higher reward, on dialogues never trained on, a pair of each; 95 % intervals.",
            ),
            Table(
                ("what people said", "figure", "this model", "longest", "shortest"),
                judged(figures),
                "Not trained on these, and reported whatever they are.",
            ),
        ),
        calibration=f"Divided by a temperature of {calibration['temperature']:.3f}, fitted on {calibration['rows']:,} replies of the validation dialogues (log loss {calibration['loss_before']:.4f} before, {calibration['loss_after']:.4f} after; AUC {calibration['auc']:.4f}).",
        limits=LIMITS,
        versions=log["versions"],
    )


def judged(figures: Json) -> list[list[str]]:
    asked = (
        ("conture", "auc", "ConTurE: likes (1, 2) against dislikes (0)"),
        ("usr_topical", "spearman", "USR Topical-Chat, overall grade: within contexts"),
        ("llmbar", "pairwise", "LLMBar: which answer follows the instruction"),
    )
    rows = []
    for source, metric, name in asked:
        report = figures[source]
        baselines = [f"{report['baselines'][length][metric]['value']:.3f}" for length in ("longest", "shortest")]
        rows.append([name, metric, interval(report[metric]), *baselines])
    return rows


def interval(metric: Json) -> str:
    return f"{metric['value']:.3f} ({metric['low']:.3f} to {metric['high']:.3f})"
