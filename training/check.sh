#!/bin/sh
# All checks of this repository's Python: lint, format, types, and the tests of training/, recipes/ and bench/. They run in a virtual
# environment of their own (training/.venv), which is made once for a pyproject.toml and its constraints.
# PYTHON names another interpreter than python3; TRAINING_VENV another folder. Arguments are pytest's.
set -eu
cd "$(dirname "$0")"
venv=${TRAINING_VENV:-.venv}

# Everything that decides what is installed.
wanted=$(cat pyproject.toml constraints.txt | cksum)
if [ "$(cat "$venv/made-for" 2> /dev/null || true)" != "$wanted" ]; then
  rm -rf "$venv"
  "${PYTHON:-python3}" -m venv "$venv"
  # The versions that were tried: the newest torch that fits brings gigabytes for graphics cards.
  if ! "$venv/bin/python" -m pip install -q -e '.[check,test]' --constraint constraints.txt; then
    rm -rf "$venv"
    echo "training/check.sh: nothing was checked, because the packages of training/constraints.txt could not be installed (pip says why above)." >&2
    echo "Let pip reach a Python package index (PIP_INDEX_URL names one), or set TRAINING_VENV to an environment that this script has made before." >&2
    exit 1
  fi
  echo "$wanted" > "$venv/made-for"
fi
case $venv in
  /*) bin=$venv/bin ;;
  *) bin=$PWD/$venv/bin ;;
esac

cd ..
"$bin/ruff" check --quiet .
"$bin/ruff" format --quiet --check .
# One program at a time: each has modules of its own, and some have the same names.
for program in "training/src training/tests" "recipes/starter recipes/tests" "bench" "python/src examples/best-of-n examples/ray test/examples" \
  "test/python"; do
  # Words are split on purpose.
  "$bin/mypy" --no-error-summary $program
done

cd training
PYTHONPATH=../test/python "$bin/python" -m pytest -p skipped_tests -c pyproject.toml "$@"
