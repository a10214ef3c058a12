"""Draws the ratios of a result: `python bench/plot.py RESULT.json [PICTURE.svg]`."""

import sys
from pathlib import Path

import figures
import results_file
from contenders import BY_KEY, SNIPPET
from results_file import Results

# Read on white and on near-black alike: text and lines of a middle grey, no background.
INK = "#768390"
COLOURS = {
    "snippet-sorted": "#adb5bd",
    "cross-encoder": "#8d99a6",
    "onnx-fp32": "#6c7a89",
    "onnx-int8": "#4f6d8f",
    "onnx-fp32-sorted": "#6c7a89",
    "onnx-int8-sorted": "#4f6d8f",
    "ours-fp32-2": "#e8743b",
    "ours-int8-2": "#c2410c",
}
# One whose ratio is of another order, a tiny model's, would press all others flat.
LEFT_OUT = {"W4"}


def draw(result: Results, file: Path) -> None:
    """One group of bars for each workload, whiskers from the least to the most of the rounds."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams |= {
        "svg.fonttype": "none",  # text stays text: small, and as sharp as the page's
        "svg.hashsalt": "bench",
        "font.family": "sans-serif",
        "font.size": 10,
        "text.color": INK,
        "axes.labelcolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.edgecolor": INK,
    }
    from matplotlib import pyplot

    shown = [one for one in result.measurements.workloads if one.entries and one.name not in LEFT_OUT]
    bars = [[(key, found) for key in COLOURS if (found := figures.ratio(one, key))] for one in shown]
    count = sum(map(len, bars)) + len(bars)
    if count == 0:
        return
    figure, axes = pyplot.subplots(figsize=(8, 0.8 + 0.24 * count))
    at = 0.0
    middles = []
    for one, group in zip(shown, bars, strict=True):
        top = at
        for key, found in group:
            axes.barh(at, found.median, height=0.84, color=COLOURS[key])
            axes.plot([found.least, found.most], [at, at], color=INK, linewidth=1)
            agreed = one.entries[key].agreement
            note = agreed.note if agreed else ""
            text = f"{found.median:.1f}{' *' if note else ''}"
            axes.annotate(text, (found.most, at), (4, 0), textcoords="offset points", va="center", fontsize=8.5)
            at += 1
        middles.append((top + at - 1) / 2)
        at += 1
    axes.axvline(1, color=INK, linewidth=1, linestyle=(0, (3, 3)))
    axes.set_yticks(middles, [one.title.replace(": ", ":\n") for one in shown])
    axes.set_ylim(at - 1.3, -0.7)
    axes.tick_params(axis="y", length=0)
    noted = any(entry.agreement and entry.agreement.note for one in shown for entry in one.entries.values())
    footnote = "\n* misses the bounds of int8" if noted else ""
    encoders = ", for encoders the CrossEncoder" if any(figures.base(one) != SNIPPET for one in shown) else ""
    axes.set_xlabel(f"rewards per second, the model card's snippet{encoders} = 1{footnote}")
    axes.spines[["top", "right", "left"]].set_visible(False)
    used = [key for key in COLOURS if any(key == one for group in bars for one, _ in group)]
    handles = [pyplot.Rectangle((0, 0), 1, 1, color=COLOURS[key]) for key in used]
    labels = [BY_KEY[key].label for key in used]
    figure.legend(handles, labels, loc="upper center", ncols=2, frameon=False, fontsize=9, bbox_to_anchor=(0.5, 0.02))
    figure.savefig(file, transparent=True, bbox_inches="tight", metadata={"Date": None, "Creator": None})
    pyplot.close(figure)


def main() -> None:
    result = Path(sys.argv[1])
    picture = Path(sys.argv[2]) if len(sys.argv) > 2 else result.with_suffix(".svg")
    draw(results_file.read(result), picture)


if __name__ == "__main__":
    main()
