"""Replies that nobody gave: what a dialogue's next turn has to be told apart from, from plain to hard."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from random import Random

from .corpus import Dialogue, normal

#: How often each kind is drawn.
SHARES = {
    "random": 0.25,
    "topic": 0.15,
    "same_dialogue": 0.28,
    "repeat": 0.08,
    "generic": 0.08,
    "cut": 0.08,
    "shuffled": 0.08,
}
KINDS = tuple(SHARES)

#: What a bot says that has nothing to say, to learn from.
GENERIC = (
    "I don't know.", "I'm not sure.", "I don't know what you mean.", "That's interesting.", "That's nice.", "Okay.", "Ok",
    "Yes.", "No.", "Sure.", "Cool.", "That is cool.", "I think so too.", "Thank you.", "Haha", "I am a bot.", "Tell me more.",
    "What do you mean?", "I'm sorry, I don't understand.", "Can you say that again?", "That's great!", "Really?", "Hmm.",
    "I do not know about that.", "Maybe.", "Wow!", "I'm sorry to hear that.", "I like that.", "I love it!", "Hello!",
    "I'm fine, thanks. How are you?", "I'm not sure what you are talking about.", "You're welcome.", "Me too.", "Goodbye!",
)  # fmt: skip

#: And others, to be judged by: never trained on as such.
UNSEEN_GENERIC = (
    "I have no idea.", "I don't have an opinion on that.", "Oh, I see.", "That sounds good.", "Interesting.", "Lol", "Hi there!",
    "It is what it is.", "I agree with you.", "That's good to hear.", "Sorry, I did not get that.", "Let's talk about something else.",
    "I can't help you with that.", "Right.", "I guess so.", "It depends.", "Why do you ask?", "Good question.", "See you later.",
)  # fmt: skip


class Negatives:
    """Draws replies to turn `k` of a dialogue that are not its next turn."""

    def __init__(self, dialogues: Sequence[Dialogue], generic: Sequence[str] = GENERIC) -> None:
        self._generic_replies = generic
        self._by_source: dict[str, list[Dialogue]] = defaultdict(list)
        self._by_topic: dict[str, list[Dialogue]] = defaultdict(list)
        for dialogue in dialogues:
            self._by_source[dialogue.source].append(dialogue)
            self._by_topic[dialogue.topic].append(dialogue)

    def draw(self, kind: str, dialogue: Dialogue, k: int, random: Random) -> str | None:
        """A reply of that kind in place of turn `k`, `k` >= 1; none where the dialogue has no such."""
        text = getattr(self, f"_{kind}")(dialogue, k, random)
        return None if text is None or normal(text) in ("", normal(dialogue.turns[k].text)) else text

    def draw_any(self, dialogue: Dialogue, k: int, random: Random) -> tuple[str, str] | None:
        """The kind, and a reply."""
        kind = random.choices(KINDS, list(SHARES.values()))[0]
        text = self.draw(kind, dialogue, k, random)
        return None if text is None else (kind, text)

    def _random(self, dialogue: Dialogue, k: int, random: Random) -> str | None:
        """Of the same source, so that its style gives nothing away."""
        return self._of_another(self._by_source[dialogue.source], dialogue, random)

    def _topic(self, dialogue: Dialogue, k: int, random: Random) -> str | None:
        return self._of_another(self._by_topic[dialogue.topic], dialogue, random)

    def _of_another(self, dialogues: Sequence[Dialogue], dialogue: Dialogue, random: Random) -> str | None:
        other = random.choice(dialogues)
        # Not its first turn: greetings would be recognised as such.
        return None if other is dialogue else random.choice(other.turns[1:]).text

    def _same_dialogue(self, dialogue: Dialogue, k: int, random: Random) -> str | None:
        """A turn said elsewhere, before or after. The last message itself is `repeat`'s."""
        places = [j for j in range(1, len(dialogue.turns)) if j not in (k, k - 1)]
        return dialogue.turns[random.choice(places)].text if places else None

    def _repeat(self, dialogue: Dialogue, k: int, random: Random) -> str | None:
        return dialogue.turns[k - 1].text

    def _generic(self, dialogue: Dialogue, k: int, random: Random) -> str | None:
        return random.choice(self._generic_replies)

    def _cut(self, dialogue: Dialogue, k: int, random: Random) -> str | None:
        words = dialogue.turns[k].text.split()
        return " ".join(words[: random.randint(2, len(words) - 2)]) if len(words) >= 5 else None

    def _shuffled(self, dialogue: Dialogue, k: int, random: Random) -> str | None:
        words = dialogue.turns[k].text.split()
        if len(words) < 4:
            return None
        random.shuffle(words)
        return " ".join(words)
