"""Scores a file of rows on Spark, and writes them in the order of an id.

spark-submit --py-files reward_score_spark.py score.py --id id chats.parquet scored.parquet -m /models/gpt2-reward-model
"""

import argparse

from pyspark.sql import SparkSession
from reward_score_spark import with_rewards

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("input", help="Parquet, or JSON lines by the name .jsonl")
parser.add_argument("output", help="a folder for Parquet files, which is not there yet")
parser.add_argument("--id", required=True, help="the column by which rows are ordered")
parser.add_argument("--rewards", default="reward double", help="the columns to add (default: %(default)s)")
parser.add_argument("--partitions", type=int, help="how many tasks the rows are cut into (default: as they are read)")
parser.add_argument("flags", nargs=argparse.REMAINDER, help="flags of reward-score")
arguments = parser.parse_args()

spark = SparkSession.builder.appName("reward-score").getOrCreate()
rows = spark.read.json(arguments.input) if arguments.input.endswith(".jsonl") else spark.read.parquet(arguments.input)
if arguments.partitions is not None:
    rows = rows.repartition(arguments.partitions, arguments.id)
scored = with_rewards(rows, arguments.flags, arguments.rewards)
# Partitions come in any order, and rows of one in the order they had.
scored.orderBy(arguments.id).write.parquet(arguments.output)
