"""What the figures were taken on: the processor, and the versions of everything that took part."""

import importlib.metadata
import os
import platform
import re
import subprocess
from pathlib import Path

from environment import BENCH, ROOT
from processes import node
from results_file import Machine

PACKAGES = [line.split("==")[0] for line in (BENCH / "requirements.txt").read_text().split()]
KERNEL_FLAGS = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "amx_int8")


def describe() -> Machine:
    """CPU, kernel-relevant flags, cores, memory in MB."""
    info = Path("/proc/cpuinfo").read_text()
    flags = re.search(r"^flags\s*: (.*)$", info, re.MULTILINE)
    present = set(flags[1].split()) if flags else set()
    model = re.search(r"^model name\s*: (.*)$", info, re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text(), re.MULTILINE)
    return Machine(
        cpu=model[1].strip() if model else platform.machine(),
        flags=[flag for flag in KERNEL_FLAGS if flag in present],
        cores=os.cpu_count(),
        memory_mb=int(memory[1]) // 1024 if memory else None,
        system=f"{platform.system()} {platform.machine()}",
    )


def versions() -> dict[str, str]:
    """Of reward-score (with its commit), its runtime, and the peers."""
    describe_commit = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(describe_commit, cwd=ROOT, capture_output=True, text=True, check=False)
    lines = "process.version, require('onnxruntime-node/package.json').version, require('./package.json').version"
    ours = node(["-p", f"[{lines}].join(' ')"]).split()
    return {
        "reward-score": f"{ours[2]} ({commit.stdout.strip() or 'no commit'})",
        "node": ours[0].removeprefix("v"),
        "onnxruntime-node": ours[1],
        "python": platform.python_version(),
        **{package: importlib.metadata.version(package) for package in PACKAGES},
    }


def slug(machine: Machine) -> str:
    """For a file's name: the processor, and the widest kernels that it has."""
    widest = [flag for flag in machine.flags if flag != "avx2"] or ["avx2"]
    text = f"{machine.cpu} {machine.cores} cores {' '.join(widest)}"
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
