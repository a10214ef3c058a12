"""GRPO with TRL: a language model learns what a reward model likes.

python grpo.py ./language-model ./gpt2-reward-model prompts.jsonl trained-model
"""

from __future__ import annotations

import argparse

from datasets import load_dataset
from transformers import AutoTokenizer
from trl import GRPOConfig, GRPOTrainer

from reward_score import RewardModel
from reward_score.trl import reward_function


def main() -> None:
    parser = argparse.ArgumentParser(description="Trains a language model by the rewards of a reward model.")
    parser.add_argument("policy", help="directory of a causal language model and its tokenizer, or a hub id")
    parser.add_argument("reward_model", help="as -m of reward-score")
    parser.add_argument("prompts", help="JSONL with a field `prompt`: texts, or lists of messages")
    parser.add_argument("output", help="directory for the trained model")
    parser.add_argument("--steps", type=int, default=100, help="of the optimizer (default: %(default)s)")
    parser.add_argument("--batch-size", type=int, default=8, help="completions of a step (default: %(default)s)")
    parser.add_argument("--generations", type=int, default=8, help="completions of a prompt (default: %(default)s)")
    parser.add_argument("--max-completion-length", type=int, default=64, help="in tokens (default: %(default)s)")
    parser.add_argument("--workers", type=int, help="of reward-score (default: a worker for each core)")
    options = parser.parse_args()

    tokenizer = AutoTokenizer.from_pretrained(options.policy, padding_side="left")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    with RewardModel(model=options.reward_model, workers=options.workers) as reward_model:
        trainer = GRPOTrainer(
            model=options.policy,
            # An empty completion is a bad one; without a price, a policy can learn to say nothing.
            reward_funcs=reward_function(reward_model, unscored=-3.0),
            processing_class=tokenizer,
            train_dataset=load_dataset("json", data_files=options.prompts, split="train"),
            args=GRPOConfig(
                output_dir=options.output,
                max_steps=options.steps,
                per_device_train_batch_size=options.batch_size,
                num_generations=options.generations,
                max_completion_length=options.max_completion_length,
                logging_steps=1,
                save_strategy="no",
                report_to="none",
                bf16=False,
            ),
        )
        trainer.train()
        trainer.save_model(options.output)


if __name__ == "__main__":
    main()
