"""Scores a file of rows on Ray, and writes them in the order of the input.

python score.py --actors 2 chats.parquet scored -- model=/models/gpt2-reward-model
"""

import argparse

import ray

from reward_score_ray import with_rewards

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("input", help="Parquet, or JSON lines by the name .jsonl")
parser.add_argument("output", help="a folder for Parquet files")
parser.add_argument("--kind", default="reward", choices=["reward", "candidates", "pair"], help="(default: %(default)s)")
parser.add_argument("--actors", type=int, default=1, help="how many co-processes (default: %(default)s)")
parser.add_argument("--cpus", type=int, default=1, help="of each of them (default: %(default)s)")
parser.add_argument("--batch-size", type=int, default=1000, help="rows that are scored together (default: %(default)s)")
parser.add_argument("flags", nargs="*", help="of reward-score, with underscores: model=/models/my-model max_length=512")
arguments = parser.parse_args()

# Files in the order of the rows, whichever actor is first with its own.
ray.data.DataContext.get_current().execution_options.preserve_order = True
read = ray.data.read_json if arguments.input.endswith(".jsonl") else ray.data.read_parquet
with_rewards(
    read(arguments.input),
    dict(flag.split("=", 1) for flag in arguments.flags),
    kind=arguments.kind,
    actors=arguments.actors,
    cpus=arguments.cpus,
    batch_size=arguments.batch_size,
).write_parquet(arguments.output)
