"""The type of the fixture `reward_score`, which runs the tool itself."""

import subprocess
from typing import Protocol


class RewardScore(Protocol):
    def __call__(self, *arguments: object, text: str | None = None) -> subprocess.CompletedProcess[str]:
        """Runs the tool with these arguments, and with `text` on its standard input."""
