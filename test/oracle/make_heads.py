"""Writes heads.json and the adapters in heads/: rewards of models whose head or adapter stands beside the family's network.

The bases are those of heads_models.json, written by the recipe (recipe.py). The adapters are made and saved by peft; rewards
are those of peft's merge in float32, of transformers' language models, and of heads as the code of their makers has them.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
import shutil
import tempfile
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils.logging import disable_progress_bar

from recipe import read_models, tensor_values, write_model

Json = dict[str, Any]

HERE = Path(__file__).resolve().parent
FIXTURE = HERE.parent.parent / "fixtures" / "tiny-gpt2"
ADAPTERS = HERE / "heads"
PACKAGES = ("torch", "transformers", "peft", "tokenizers", "safetensors", "numpy")
MAX_LENGTH = 64
VALUE_SEED = 77

# What each adapter changes of LoraConfig, the base it stands on, and what is edited in its files afterwards.
GPT2_MODULES = ["c_attn", "c_proj", "c_fc"]
LLAMA_MODULES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
ADAPTERS_MADE: dict[str, Json] = {
    "gpt2-head-of-base": {"base": "gpt2-classifier", "lora": {"r": 2, "lora_alpha": 8, "target_modules": ["c_attn"]}},
    "gpt2-head-saved": {
        "base": "gpt2-classifier",
        "lora": {"r": 3, "lora_alpha": 4, "target_modules": GPT2_MODULES, "task_type": "SEQ_CLS"},
    },
    "gpt2-two-labels": {
        "base": "gpt2-lm",
        "labels": 2,
        "lora": {"r": 2, "lora_alpha": 4, "target_modules": ["c_attn"], "task_type": "SEQ_CLS"},
    },
    "gpt2-lm-base-bin": {
        "base": "gpt2-lm",
        "lora": {"r": 6, "lora_alpha": 9, "target_modules": GPT2_MODULES, "task_type": "SEQ_CLS"},
        "bin": True,
    },
    "gpt2-rslora": {
        "base": "gpt2-classifier",
        "lora": {"r": 3, "lora_alpha": 2, "use_rslora": True, "target_modules": ["c_proj"], "lora_dropout": 0.1},
    },
    "llama-patterns": {
        "base": "llama-lm",
        "lora": {
            "r": 2,
            "lora_alpha": 4,
            "target_modules": LLAMA_MODULES,
            "rank_pattern": {"layers.0.self_attn.q_proj": 3, "^model.layers.1.*v_proj": 1, "q_proj": 4},
            "alpha_pattern": {"down_proj": 9.5, r"layers\.\d+\.mlp\.gate_proj": 1},
            "task_type": "SEQ_CLS",
        },
    },
    "llama-patterns-rslora": {
        "base": "llama-classifier",
        "lora": {
            "r": 4,
            "lora_alpha": 3,
            "use_rslora": True,
            "target_modules": "model.layers.1..*proj",
            "rank_pattern": {"o_proj": 1},
            "alpha_pattern": {"o_proj": 5},
        },
    },
    "llama-half": {
        "base": "llama-lm",
        "lora": {"r": 2, "lora_alpha": 4, "target_modules": ["q_proj", "down_proj"], "task_type": "SEQ_CLS"},
        "half": True,
    },
    "llama-spelled-otherwise": {
        "base": "llama-lm",
        "lora": {"r": 2, "lora_alpha": 4, "target_modules": ["q_proj", "v_proj"], "task_type": "SEQ_CLS"},
        "spelled": True,
    },
    "qwen3-on-tied": {
        "base": "qwen3-lm-tied",
        "lora": {"r": 2, "lora_alpha": 4, "target_modules": ["q_proj", "v_proj", "up_proj"], "task_type": "SEQ_CLS"},
    },
    "gpt-neox-fused": {
        "base": "gpt-neox-lm",
        "lora": {"r": 2, "lora_alpha": 4, "target_modules": ["query_key_value", "dense"], "task_type": "SEQ_CLS"},
    },
    "gpt2-value": {
        "base": "gpt2-lm",
        "lora": {"r": 2, "lora_alpha": 4, "target_modules": ["c_attn"], "task_type": "CAUSAL_LM"},
        "value": True,
    },
    "gpt2-tokens": {
        "base": "gpt2-lm",
        "lora": {"r": 2, "lora_alpha": 4, "target_modules": ["c_attn"], "task_type": "CAUSAL_LM"},
        "tokens": ["yes-no: Yes, No", "token:7"],
    },
}


class Scorer:
    """The texts as a base's tokenizer reads them, and what a model gives each of them alone."""

    def __init__(self, texts: list[str], base: Path) -> None:
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(FIXTURE / name, base / name)
        # Its class depends on the type of the model too.
        self.tokenizer = AutoTokenizer.from_pretrained(base)
        self.rows = [self.tokenizer(text)["input_ids"][-MAX_LENGTH:] for text in texts]

    def classify(self, model: nn.Module) -> list[list[float]]:
        """Logits of a model for sequences."""
        with torch.no_grad():
            return [model(torch.tensor([row])).logits[0].tolist() for row in self.rows]

    def states(self, model: nn.Module) -> list[Tensor]:
        """The states, behind the last norm, that a language model's logits are made of, [tokens, D]."""
        with torch.no_grad():
            return [model(torch.tensor([row]), output_hidden_states=True).hidden_states[-1][0] for row in self.rows]

    def word(self, text: str) -> int:
        """The only token of a word."""
        ids = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        if len(ids) != 1:
            raise SystemExit(f"{text!r} is {len(ids)} tokens")
        return int(ids[0])


def values(name: str, shape: list[int], scale: float, seed: int = VALUE_SEED) -> Tensor:
    """A tensor by the recipe."""
    rule = [{"endsWith": "", "scale": scale, "offset": 0}]
    return torch.from_numpy(tensor_values(name, shape, seed, rule).copy()).reshape(shape)


def value_head(hidden: int) -> dict[str, Tensor]:
    """As TRL and LLaMA-Factory save it."""
    return {
        "v_head.summary.weight": values("v_head.summary.weight", [1, hidden], 0.5),
        "v_head.summary.bias": values("v_head.summary.bias", [1], 0.5),
    }


def value_rewards(scorer: Scorer, model: nn.Module, head: dict[str, Tensor]) -> list[list[float]]:
    """TRL's ValueHead on the last token."""
    weight, bias = head["v_head.summary.weight"], head["v_head.summary.bias"]
    return [nn.functional.linear(states[-1], weight, bias).tolist() for states in scorer.states(model)]


def token_rewards(scorer: Scorer, model: nn.Module, asked: str) -> list[list[float]]:
    """Logits of the next token, as the language model itself gives them."""
    kind, _, what = asked.partition(":")
    ids = [int(what)] if kind == "token" else [scorer.word(word) for word in what.split(",")]
    rewards = []
    for row in scorer.rows:
        with torch.no_grad():
            logits = model(torch.tensor([row])).logits[0, -1]
        rewards.append([(logits[ids[0]] - (logits[ids[1]] if len(ids) == 2 else 0)).item()])
    return rewards


def two_layer_rewards(scorer: Scorer, classifier: nn.Module, name: str, labels: int) -> tuple[Json, list[list[float]]]:
    """`score` as INFORMForSequenceClassification and Qwen2ForRewardModel have it, on the token that is pooled."""
    hidden = classifier.config.hidden_size
    shapes = {
        "score.0.weight": [hidden, hidden],
        "score.0.bias": [hidden],
        "score.2.weight": [labels, hidden],
        "score.2.bias": [labels],
    }
    head = {key: values(key, shape, 0.6) for key, shape in shapes.items()}
    classifier.score = nn.Sequential(nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, labels))
    classifier.score.load_state_dict({key.removeprefix("score."): value for key, value in head.items()})
    classifier.num_labels = labels
    return {"architecture": name, "labels": labels, "shapes": shapes}, scorer.classify(classifier)


def make_adapter(name: str, what: Json, base: Path, scorer: Scorer) -> Json:
    """Makes an adapter by peft, saves it into heads/, and scores with what is read back from there."""
    torch.manual_seed(0)
    classifies = what["lora"].get("task_type", "SEQ_CLS") == "SEQ_CLS"
    labels = what.get("labels", 1)
    load = AutoModelForSequenceClassification if classifies else AutoModelForCausalLM
    options: Json = {"num_labels": labels} if classifies else {}
    model = load.from_pretrained(base, dtype=torch.float32, **options)
    adapted = get_peft_model(model, LoraConfig(**what["lora"]))
    for key, parameter in adapted.named_parameters():
        if "lora_" in key or "modules_to_save" in key:
            parameter.data = values(f"{name} {key}", list(parameter.shape), 0.3)
    directory = ADAPTERS / name
    if what.get("half"):
        adapted.half()
    adapted.save_pretrained(directory, safe_serialization=not what.get("bin"))
    (directory / "README.md").unlink()
    finish_files(directory, what, model.config.hidden_size)
    merged = PeftModel.from_pretrained(load.from_pretrained(base, dtype=torch.float32, **options), directory)
    merged = merged.merge_and_unload().eval()
    # As the tool does where a GPT-2 model names no pad token, and its tokenizer one.
    if classifies and merged.config.model_type == "gpt2":
        merged.config.pad_token_id = scorer.word("<|endoftext|>")
    if what.get("value"):
        return {"rewards": value_rewards(scorer, merged, load_file(directory / "value_head.safetensors"))}
    if "tokens" in what:
        return {"heads": {asked: token_rewards(scorer, merged, asked) for asked in what["tokens"]}}
    return {"rewards": scorer.classify(merged)}


def finish_files(directory: Path, what: Json, hidden: int) -> None:
    """Names the base where a test puts it, and spells files as other versions and trainers do."""
    config_file = directory / "adapter_config.json"
    config = json.loads(config_file.read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = f"../{what['base']}"
    if isinstance(config["target_modules"], list):
        config["target_modules"].sort()
    config_file.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    if what.get("value"):
        save_file(value_head(hidden), directory / "value_head.safetensors")
    if what.get("spelled"):
        path = directory / "adapter_model.safetensors"
        tensors = load_file(path)
        score = tensors.pop("base_model.model.score.weight")
        tensors["base_model.model.score.original_module.weight"] = torch.zeros_like(score)
        spelled = {
            key.replace(".weight", ".default.weight") if "lora_" in key else key: value
            for key, value in tensors.items()
        }
        # peft itself reads the file as it was.
        save_file(
            spelled | {"base_model.model.score.modules_to_save.default.weight": score},
            directory / "spelled.safetensors",
        )


def to_text(content: Json) -> str:
    """The file as text: a model a line."""

    def member(name: str, value: object) -> str:
        if not isinstance(value, dict):
            return f"  {json.dumps(name)}: {json.dumps(value)}"
        lines = ",\n".join(f"    {json.dumps(key)}: {json.dumps(each)}" for key, each in value.items())
        return f"  {json.dumps(name)}: {{\n{lines}\n  }}"

    return "{\n" + ",\n".join(member(name, value) for name, value in content.items()) + "\n}\n"


def main() -> None:
    """Command line."""
    torch.set_num_threads(1)
    disable_progress_bar()
    texts: list[str] = [entry["text"] for entry in json.loads((HERE / "texts.json").read_text(encoding="utf-8"))]
    scales, descriptions = read_models("heads_models.json")
    shutil.rmtree(ADAPTERS, ignore_errors=True)
    content: Json = {
        "versions": {"python": platform.python_version()}
        | {name: importlib.metadata.version(name) for name in PACKAGES},
        "reference": "Logits in torch.float32 on the CPU, each text of texts.json alone, by fixtures/tiny-gpt2's tokenizer, its last "
        f"{MAX_LENGTH} tokens.",
        "maxLength": MAX_LENGTH,
    }
    with tempfile.TemporaryDirectory() as folder:
        bases = {each["name"]: Path(folder) / each["name"] for each in descriptions}
        content["sha256"] = {each["name"]: write_model(bases[each["name"]], each, scales) for each in descriptions}
        scorers = {name: Scorer(texts, base) for name, base in bases.items()}
        content["adapters"] = {
            name: {"base": what["base"], **make_adapter(name, what, bases[what["base"]], scorers[what["base"]])}
            for name, what in ADAPTERS_MADE.items()
        }
        content["valueHeads"] = {}
        content["tokenHeads"] = {}
        for name in (each["name"] for each in descriptions if "-lm" in each["name"]):
            model = AutoModelForCausalLM.from_pretrained(bases[name], dtype=torch.float32).eval()
            scorer = scorers[name]
            content["valueHeads"][name] = value_rewards(scorer, model, value_head(model.config.hidden_size))
            content["tokenHeads"][name] = {
                asked: token_rewards(scorer, model, asked) for asked in ("yes-no: Yes, No", "token:0", "token:511")
            }
        content["twoLayers"] = {}
        for name, base in (("INFORMForSequenceClassification", "llama-lm"), ("Qwen2ForRewardModel", "qwen2-lm")):
            model = AutoModelForSequenceClassification.from_pretrained(bases[base], dtype=torch.float32).eval()
            head, rewards = two_layer_rewards(scorers[base], model, name, labels=1)
            content["twoLayers"][name] = {"base": base, **head, "rewards": rewards}
    for adapter in ADAPTERS.iterdir():
        spelled = adapter / "spelled.safetensors"
        if spelled.exists():
            spelled.replace(adapter / "adapter_model.safetensors")
    (HERE / "heads.json").write_text(to_text(content), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
