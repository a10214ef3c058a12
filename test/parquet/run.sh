#!/usr/bin/env bash
# Has other programs read the Parquet that this one writes, in a virtual environment with the versions of requirements.txt.
set -euo pipefail
cd "$(dirname "$0")"

skip() {
  echo "Parquet as other programs read it: $1" | tee -a "${SKIPPED_TESTS:-/dev/null}"
  exit 0
}

python3 -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2> /dev/null || skip "it needs Python 3.11 or newer, with venv"

python=.venv/bin/python
wanted=$(cat requirements.txt)
if [ "$wanted" != "$(cat .venv/installed.txt 2> /dev/null)" ]; then
  "$python" --version > /dev/null 2>&1 || python3 -m venv --clear .venv || skip "no virtual environment can be made"
  "$python" -m pip install --quiet --disable-pip-version-check --requirement requirements.txt ||
    skip "no Python package index can be reached"
  echo "$wanted" > .venv/installed.txt
fi
# What datasets keeps of what it has read.
export HF_HOME="$PWD/.venv/hugging-face"
"$python" check_readers.py
# The double of a hub, with which the tests of data sets run, as the Python libraries see it.
exec node with-hub.mjs "$python" check_hub_double.py
