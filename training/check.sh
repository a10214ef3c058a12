#!/bin/sh
# The tests of this package, in a virtual environment of its own (training/.venv), made once for a pyproject.toml and its constraints.
# PYTHON names another interpreter than python3; TRAINING_VENV another folder.
set -eu
cd "$(dirname "$0")"
venv=${TRAINING_VENV:-.venv}

# Everything that decides what is installed.
wanted=$(cat pyproject.toml constraints.txt | cksum)
if [ "$(cat "$venv/made-for" 2> /dev/null || true)" != "$wanted" ]; then
  rm -rf "$venv"
  "${PYTHON:-python3}" -m venv "$venv"
  # An index that does not answer is no failure; a requirement that it cannot meet is one.
  if ! "$venv/bin/python" -m pip download -q --retries 1 --timeout 15 --no-deps -d "$venv/reached" pip > "$venv/reached.log" 2>&1; then
    echo "skipped: tests of training/ (the Python package index cannot be reached: $(tail -n 1 "$venv/reached.log"))"
    rm -rf "$venv"
    exit 0
  fi
  # The versions that were tried: the newest torch that fits brings gigabytes for graphics cards.
  "$venv/bin/python" -m pip install -q -e '.[test]' --constraint constraints.txt
  echo "$wanted" > "$venv/made-for"
fi

"$venv/bin/python" -m pytest "$@"
