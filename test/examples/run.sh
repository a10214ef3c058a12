#!/usr/bin/env bash
# Runs the tests of the Python examples, in a virtual environment with the versions that they name.
set -euo pipefail
cd "$(dirname "$0")"

skip() {
  echo "the tests of the Python examples: $1" | tee -a "${SKIPPED_TESTS:-/dev/null}"
  exit 0
}

python3 -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2> /dev/null || skip "they need Python 3.11 or newer, with venv"

python=.venv/bin/python
# Ray's is for test/engines.
examples=(../../examples/python/requirements.txt ../../examples/best-of-n/requirements.txt)
wanted=$(cat requirements.txt "${examples[@]}")
if [ "$wanted" != "$(cat .venv/installed.txt 2> /dev/null)" ]; then
  "$python" --version > /dev/null 2>&1 || python3 -m venv --clear .venv || skip "no virtual environment can be made"
  # A package that cannot be had says that no index is reached; after it, whatever fails is a failure.
  "$python" -m pip install --quiet --disable-pip-version-check --requirement requirements.txt ||
    skip "no Python package index can be reached"
  "$python" -m pip install --quiet --disable-pip-version-check "${examples[@]/#/--requirement=}"
  echo "$wanted" > .venv/installed.txt
fi
# A test that waits for ever says where, and ends the run.
PYTHONPATH=../python exec "$python" -m pytest -p skipped_tests -p no:cacheprovider --quiet \
  -o faulthandler_timeout=300 -o faulthandler_exit_on_timeout=true --durations=5 "$@" .
