#!/bin/bash
# Scores on a cluster that runs Slurm: submit.sh SHARDS OUTPUT [reward-score's flags and files...]
#
# sbatch's own variables choose partition, account and time: SBATCH_PARTITION, SBATCH_ACCOUNT, SBATCH_TIMELIMIT ...
set -euo pipefail

if [ $# -lt 3 ] || ! [[ $1 =~ ^[1-9][0-9]*$ ]]; then
  echo "expected SHARDS OUTPUT and reward-score's flags and files, got: $*" >&2
  echo "usage: $0 64 scored.jsonl -m ./gpt2-reward-model chats.jsonl" >&2
  exit 2
fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

array=$(sbatch --parsable --array="1-$1" "$here/score.sbatch" "$@")
# A merge that can never start, because a shard has failed, leaves the queue by itself.
merge=$(sbatch --parsable --dependency="afterok:${array%%;*}" --kill-on-invalid-dep=yes "$here/merge.sbatch" "$1" "$2")

echo "shards: job $array"
echo "merge: job $merge"
