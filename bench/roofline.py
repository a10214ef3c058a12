"""How near the linear layers come to what the processor multiplies at most, both measured in the same run."""

import json
import statistics
from pathlib import Path

import models
from environment import BENCH
from processes import node
from results_file import CeilingShare, Roofline, WorkloadResult

# A layer of hidden size D: queries, keys and values; projection; up; down.
LAYER = [(1, 3), (1, 1), (1, 4), (4, 1)]
OTHER_SHAPES = [(1280, 5120)]
SEED = 5


def measure(seconds: float) -> Roofline:
    """FLOP/s at best of each matrix, and `ceiling`: that of a layer's matrices one after the other, at GPT-2 base."""
    hidden = models.SHAPES["base"]["n_embd"]
    shapes = [(a * hidden, b * hidden) for a, b in LAYER]
    directory = models.once("gemm", lambda target: write_matrices(target, shapes + OTHER_SHAPES))
    rates = json.loads(node([str(BENCH / "gemm.mjs"), str(directory), str(seconds)]))
    best = {shape: max(by_height.values()) for shape, by_height in rates.items()}
    work = {f"{depth}x{width}": depth * width for depth, width in shapes}
    ceiling = sum(work.values()) / sum(amount / best[shape] for shape, amount in work.items())
    return Roofline(rates, ceiling)


def write_matrices(directory: Path, shapes: list[tuple[int, int]]) -> None:
    """Each a model: x [M, K] times a constant [K, N], of which one row leaves, so that copying it out takes no time."""
    import numpy
    from onnx import TensorProto, helper, numpy_helper, save

    rng = numpy.random.default_rng(SEED)
    for depth, width in shapes:
        constants = {
            "w": rng.standard_normal((depth, width), dtype=numpy.float32),
            "start": numpy.array([0], dtype=numpy.int64),
            "end": numpy.array([1], dtype=numpy.int64),
        }
        nodes = [
            helper.make_node("MatMul", ["x", "w"], ["product"]),
            helper.make_node("Slice", ["product", "start", "end", "start"], ["y"]),
        ]
        graph = helper.make_graph(
            nodes,
            "matmul",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["m", depth])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, width])],
            [numpy_helper.from_array(value, name) for name, value in constants.items()],
        )
        model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 17)])
        save(model, directory / f"{depth}x{width}.onnx")


def linear_operations(shape: dict[str, int], nodes: int, pooled: int) -> float:
    """FLOPs of the linear layers that the rewards need.

    `nodes` are computed tokens. In the last layer they have keys and values; a row's last one, `pooled`, has the rest.
    """
    square = shape["n_embd"] ** 2
    whole_layers = (shape["n_layer"] - 1) * 12 * square * nodes
    return 2.0 * (whole_layers + 2 * square * nodes + 10 * square * pooled)


def share(workload: WorkloadResult, ceiling: float, quick: bool) -> CeilingShare | None:
    """FLOP/s of the linear layers over all of the scoring time of two workers, and its share of the ceiling."""
    entry = workload.entries.get("ours-fp32-2")
    if workload.model != "base" or entry is None or not entry.runs or workload.computed_tokens is None:
        return None
    shape = models.shape_of("base", quick)
    operations = linear_operations(shape, workload.computed_tokens, workload.rewards)
    rates = [operations / run.seconds for run in entry.runs]
    return CeilingShare(workload.name, statistics.median(rates), statistics.median(rates) / ceiling)
