#!/bin/bash
# The examples on real engines (Slurm, Spark, Ray, GNU parallel) and against Kubernetes' schemas.
#
# What is missing is installed: programs by apt-get where this is root's, Python's packages into a folder that is gone
# at the end, unless ENGINES_PYTHON names a Python that has them. The report names what cannot be had, and is skipped.
set -euo pipefail
cd "$(dirname "$0")/../.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

declare -A packages=([slurmctld]=slurmctld [slurmd]=slurmd [sbatch]=slurm-client [munged]=munge [parallel]=parallel
  [java]=default-jre-headless)
wanted=()
for program in "${!packages[@]}"; do
  command -v "$program" > /dev/null || wanted+=("${packages[$program]}")
done
if [ ${#wanted[@]} -gt 0 ] && [ "$(id -u)" -eq 0 ] && command -v apt-get > /dev/null; then
  { apt-get update -q && apt-get install -y -q --no-install-recommends "${wanted[@]}"; } > "$folder/apt.log" 2>&1 ||
    { tail -5 "$folder/apt.log" && echo "not installed: ${wanted[*]}"; }
fi

if [ -z "${ENGINES_PYTHON:-}" ]; then
  python3 -m venv "$folder/venv"
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check --requirement test/engines/requirements.txt \
    > "$folder/pip.log" 2>&1 || { tail -5 "$folder/pip.log" && echo "not installed: test/engines/requirements.txt"; }
  export ENGINES_PYTHON=$folder/venv/bin/python
fi

# In a process namespace of their own no daemon and no job outlives the tests, however these end.
apart=(unshare --pid --fork --mount-proc --kill-child)
"${apart[@]}" true 2> /dev/null || apart=()

TMPDIR=$folder "${apart[@]}" test/run.sh --test-concurrency=1 .test-build/engines/*.test.js
