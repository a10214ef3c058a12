"""Clients of other servers, pointed at `reward-score serve`: the released packages, and the request code of training loops."""

from __future__ import annotations

import asyncio
import json
import math
import os
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import BINARY
from reward_score import RewardModel

TEXTS = ["User: hi\nBot: aaa", "User: hi\nBot: b"]
PAIRS = [{"prompt": "q", "response": document} for document in ("b", "aaa", "ab")]
DOCUMENTS = [pair["response"] for pair in PAIRS]
NEAR = 1e-5  # which rows share a batch depends on when clients ask


@pytest.fixture(scope="module")
def url(reward_model_path: Path) -> Iterator[str]:
    """A server on loopback with the model that likes the letter a."""
    command = [*BINARY, "serve", "--model", str(reward_model_path), "--port", "0", "-j", "1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = ""
        while "reward-score: ready" not in said:
            line = process.stderr.readline()
            assert line, said
            said += line
        found = re.search(r"listening on (http:\S+)", said)
        assert found, said
        yield found[1]
        process.terminate()


@pytest.fixture
def logits(reward_model: RewardModel) -> list[float]:
    """What the co-process gives for the texts."""
    return [float(reward) for reward in reward_model.score(TEXTS)]


@pytest.fixture
def chances(reward_model: RewardModel) -> list[float]:
    """The same for the pairs, as rerankers answer."""
    return [sigmoid(float(reward)) for reward in reward_model.score(PAIRS)]


def sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


def verl_score(url: str, engine: str, prompt: str) -> float:
    """As verl's reward loop asks for a discriminative reward model's score.

    Transcribed from verl b178a3cd, verl/experimental/reward_loop/reward_loop.py: compute_score_disrm and _post_request.
    """
    import aiohttp

    async def post(payload: dict[str, Any], endpoint: str) -> Any:
        timeout = aiohttp.ClientTimeout(total=None)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(f"{url}/{endpoint}", json=payload) as response,
        ):
            response.raise_for_status()
            return json.loads(await response.text())

    async def score() -> float:
        if engine == "vllm":
            output = await post({"model": "path/of/rm", "input": prompt, "use_activation": False}, "classify")
            return float(output["data"][-1]["probs"][-1])
        if engine == "vllm before 0.11.2":
            output = await post({"model": "path/of/rm", "input": prompt, "activation": False}, "classify")
            return float(output["data"][-1]["probs"][-1])
        output = await post({"model": "path/of/rm", "input": prompt}, "v1/embeddings")
        return float(output["data"][-1]["embedding"][-1])

    return asyncio.run(score())


@pytest.mark.parametrize("engine", ["vllm", "vllm before 0.11.2", "sglang"])
def test_verl(url: str, logits: list[float], engine: str) -> None:
    assert [verl_score(url, engine, text) for text in TEXTS] == pytest.approx(logits, abs=NEAR)


def test_openrlhf(url: str, logits: list[float]) -> None:
    """Transcribed from OpenRLHF 3c3be623, openrlhf/utils/agent.py: _fetch_rewards_via_http."""
    import aiohttp

    async def fetch() -> Any:
        body = {"query": TEXTS, "prompts": ["p", "p"], "labels": [None, None]}
        async with aiohttp.ClientSession() as session, session.post(f"{url}/get_reward", json=body) as response:
            response.raise_for_status()
            return await response.json()

    answer = asyncio.run(fetch())
    assert answer["rewards"] == pytest.approx(logits, abs=NEAR)
    assert (answer["scores"], answer["extra_logs"]) == (answer["rewards"], {})


def test_the_request_of_skyworks_card(url: str, logits: list[float]) -> None:
    """The card of Skywork-Reward-V2 posts {"model", "text"} to SGLang's /classify, and reads embedding[0] of each."""
    body = json.dumps({"model": "Skywork/any", "text": TEXTS}).encode()
    request = urllib.request.Request(f"{url}/classify", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as response:
        answers = json.load(response)
    assert [answer["embedding"][0] for answer in answers] == pytest.approx(logits, abs=NEAR)


@pytest.mark.parametrize("encoding", [None, "float", "base64"])
def test_openai(url: str, logits: list[float], encoding: str | None) -> None:
    import base64
    import struct

    import openai

    with openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0) as client:
        [model] = client.models.list().data
        options = {} if encoding is None else {"encoding_format": encoding}
        answer = client.embeddings.create(model=model.id, input=TEXTS, **options)
        embeddings = [
            # Without a format of its user's, the client asks for base64 and decodes it; with one, it decodes nothing.
            list(struct.unpack("<f", base64.b64decode(each.embedding))) if encoding == "base64" else each.embedding
            for each in answer.data
        ]
        assert embeddings == [pytest.approx([logit], abs=NEAR) for logit in logits]
        assert (answer.model, answer.usage.prompt_tokens) == (model.id, sum(map(len, TEXTS)))
        with pytest.raises(openai.UnprocessableEntityError, match=r"input\[1\]: EMPTY_TEXT"):
            client.embeddings.create(model=model.id, input=["a", ""])


def test_huggingface_hub(url: str, logits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import InferenceClient, constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)  # offline it does not even ask this machine
    client = InferenceClient(model=f"{url}/predict")
    [chance] = client.text_classification(TEXTS[0])
    [raw] = client.text_classification(TEXTS[0], function_to_apply="none", top_k=1)
    assert (chance.label, raw.label) == ("LABEL_0", "LABEL_0")
    assert (chance.score, raw.score) == pytest.approx((sigmoid(logits[0]), logits[0]), abs=NEAR)


@pytest.mark.parametrize("version", [1, 2])
def test_cohere(url: str, chances: list[float], version: int) -> None:
    import cohere

    client: Any = cohere.ClientV2("any", base_url=url) if version == 2 else cohere.Client("any", base_url=url)
    answer = client.rerank(model="any", query="q", documents=DOCUMENTS, top_n=2)
    best = sorted(range(3), key=lambda i: -chances[i])[:2]
    assert [result.index for result in answer.results] == best
    assert [result.relevance_score for result in answer.results] == pytest.approx([chances[i] for i in best], abs=NEAR)


def test_litellm(url: str, chances: list[float]) -> None:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it asks the network for prices
    import litellm

    best = sorted(range(3), key=lambda i: -chances[i])
    for provider in ("hosted_vllm", "cohere", "jina_ai"):
        answer = litellm.rerank(
            model=f"{provider}/any", query="q", documents=DOCUMENTS, top_n=3, api_base=f"{url}/v1/rerank", api_key="any"
        )
        assert [result["index"] for result in answer.results] == best, provider
        scores = [result["relevance_score"] for result in answer.results]
        assert scores == pytest.approx([chances[i] for i in best], abs=NEAR), provider
    answer = litellm.rerank(
        model="huggingface/any", query="q", documents=DOCUMENTS, top_n=2, api_base=url, api_key="any"
    )
    assert [result["index"] for result in answer.results] == best[:2]
