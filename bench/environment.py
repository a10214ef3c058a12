"""The bench's own virtual environment, made from requirements.txt: the standard library alone is needed to start."""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
WORK = BENCH / ".work"  # models, caches, the environment: ignored by git, and may be removed at any time


def enter() -> None:
    """Goes on inside the virtual environment, which is made first where it is missing or of other requirements."""
    directory = WORK / "venv"
    if Path(sys.prefix) == directory:
        return
    requirements = BENCH / "requirements.txt"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    marker = directory / "requirements.sha256"
    python = directory / "bin" / "python"
    if not marker.exists() or marker.read_text() != wanted:
        print("making the virtual environment (once)", file=sys.stderr)
        venv.create(directory, with_pip=True, clear=True)
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(requirements)]
        subprocess.run([python, *install], check=True)
        marker.write_text(wanted)
    # Read when transformers is imported: progress here is the bench's own.
    os.environ |= {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "TRANSFORMERS_VERBOSITY": "error"}
    os.execv(python, [str(python), *sys.argv])
