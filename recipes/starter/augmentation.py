"""Augmentation: each dialogue gets new names for its speakers, and a spelling. Neither may decide a reward."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

ASKING = (
    "User",
    "user",
    "USER",
    "Me",
    "You",
    "Human",
    "human",
    "Person",
    "A",
    "Anonymous user",
    "user1",
    "Alice",
    "Guest",
)
ANSWERING = (
    "Bot",
    "bot",
    "BOT",
    "assistant",
    "Assistant",
    "AI",
    "Chatbot",
    "B",
    "model",
    "user2",
    "Bob",
    "gpt",
    "system_1",
)
FIRST_NAMES = (
    "Emma Liam Olivia Noah Ava Lucas Mia Ethan Sofia Leo Amelia Jack Harper James Luna Ben Chloe Daniel Aria Max Lily Sam "
    "Zoe Adam Nora Alex Ella Ryan Maya Tom Anna John Sarah Mike Kate David Eva Chris Lena Mark Rosa Yuki Wei Aisha Omar "
    "Priya Raj Ivan Elena Carlos Maria Hugo Ines Ali Fatima Kenji Sakura Diego Lucia Pierre Marie Jamal Keisha Anders Freja"
).split()


def names(random: Random) -> tuple[str, str]:
    """The names of the first and the second speaker: a user and a bot (either may begin), or two people."""
    if random.random() < 0.6:
        pair = (random.choice(ASKING), random.choice(ANSWERING))
        return pair if random.random() < 0.7 else pair[::-1]
    if random.random() < 0.5:
        return (random.choice(ASKING), random.choice(FIRST_NAMES))
    first, second = random.sample(FIRST_NAMES, 2)
    return (first, second)


def _tokenised(text: str) -> str:
    """As data sets of the field often are: lower case, punctuation apart."""
    apart = re.sub(r"([.,!?;:()\"])", r" \1 ", text.lower())
    return re.sub(r"\s+", " ", re.sub(r"(n't|'\w+)\b", r" \1", apart)).strip()


def spelling(random: Random) -> Callable[[str], str]:
    """Mostly as it was written; now and then as people type who do not care, or as a data set spells."""
    share = random.random()
    if share < 0.80:
        return str
    if share < 0.90:
        return str.lower
    if share < 0.95:
        return lambda text: text.lower().rstrip(".!") or text
    return _tokenised
