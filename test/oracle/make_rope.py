"""Writes rope.json: the rotary frequencies that transformers computes for configs of the sizes of public models."""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path
from typing import Any

import numpy as np
from transformers import GPTNeoXConfig, LlamaConfig
from transformers.models.gpt_neox.modeling_gpt_neox import GPTNeoXRotaryEmbedding
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

Json = dict[str, Any]

HERE = Path(__file__).resolve().parent
PACKAGES = ("torch", "transformers")

LLAMA3 = {
    "rope_type": "llama3",
    "factor": 32.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}
ODD_YARN = {"rope_type": "yarn", "factor": 2.5, "original_max_position_embeddings": 16384, "truncate": False}
LONGROPE = {"type": "longrope", "short_factor": [1 + i / 7 for i in range(48)], "long_factor": [1.0] * 48}

CASES: dict[str, Json] = {
    "qwen3": {"head_dim": 128, "max_position_embeddings": 40960, "rope_theta": 1000000},
    "mistral": {"head_dim": 128, "max_position_embeddings": 32768, "rope_parameters": {"rope_theta": 1e6}},
    "linear": {"head_dim": 96, "rope_scaling": {"type": "linear", "factor": 3.0}},
    "dynamic": {"head_dim": 80, "rope_scaling": {"type": "dynamic", "factor": 2.0}},
    "llama3": {"head_dim": 64, "max_position_embeddings": 131072, "rope_theta": 500000.0, "rope_scaling": LLAMA3},
    "yarn": {"head_dim": 128, "max_position_embeddings": 131072, "rope_theta": 1000000, "rope_scaling": YARN},
    "yarn-untruncated": {"head_dim": 128, "rope_scaling": {**ODD_YARN, "mscale": 1.0, "mscale_all_dim": 0.6}},
    "yarn-betas": {
        "head_dim": 128,
        "rope_scaling": {**YARN, "beta_fast": 8, "beta_slow": 0.5, "attention_factor": 0.9},
    },
    "yarn-steep": {"head_dim": 64, "rope_scaling": {**YARN, "factor": 1.0, "beta_fast": 1.0, "beta_slow": 1.0}},
    "longrope": {"head_dim": 96, "max_position_embeddings": 4096, "rope_scaling": LONGROPE},
    "longrope-factor": {"head_dim": 96, "max_position_embeddings": 4096, "rope_scaling": {**LONGROPE, "factor": 8.0}},
}
NEOX_CASES: dict[str, Json] = {
    "pythia": {"head_dim": 64, "rotary_pct": 0.25, "rotary_emb_base": 10000},
    "pythia-yarn": {"head_dim": 80, "rotary_pct": 0.5, "rotary_emb_base": 50000, "rope_scaling": YARN},
}


def rope_of(case: Json) -> Json:
    """A case with the frequencies and the attention factor of transformers."""
    # transformers changes the dictionaries that it is given.
    config = json.loads(json.dumps({"max_position_embeddings": 2048, **case}))
    sizes = {"hidden_size": 2 * config["head_dim"], "num_attention_heads": 2}
    if "rotary_pct" in config:
        del config["head_dim"]
        rope = GPTNeoXRotaryEmbedding(GPTNeoXConfig(**sizes, **config))
    else:
        rope = LlamaRotaryEmbedding(LlamaConfig(**sizes, **config))
    return {
        "config": {"max_position_embeddings": 2048, **case},
        "attentionFactor": float(rope.attention_scaling),
        "frequencies": [float(str(np.float32(frequency))) for frequency in rope.inv_freq],
    }


def main() -> None:
    """Writes rope.json."""
    content = {
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
        "cases": {name: rope_of(case) for name, case in (CASES | NEOX_CASES).items()},
    }
    lines = [f"    {json.dumps(name)}: {json.dumps(case)}" for name, case in content["cases"].items()]
    versions = f'  "versions": {json.dumps(content["versions"])}'
    text = "{\n" + versions + ',\n  "cases": {\n' + ",\n".join(lines) + "\n  }\n}\n"
    (HERE / "rope.json").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
