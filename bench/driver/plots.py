"""Pictures of build/bench/results.json, as SVG files for docs/BENCHMARKS.md, drawn by matplotlib.

Bitena's rows are drawn strong, the limit dashed, the rivals thin; every line is named where it
ends. The same results always give the same files.

SPDX-License-Identifier: MIT
"""
import json
from math import isnan, log10

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.colors import LogNorm  # noqa: E402

from .rivals import LIMIT  # noqa: E402

OURS = {"bitena_owner": "#c1121f", "bitena_child": "#f77f00", "bitena_shared": "#7209b7",
        "bitena_exact": "#b5179e", "bitena_called": "#e5989b"}
RIVALS = ("#1d3557", "#457b9d", "#2a9d8f", "#6a994e", "#8d99ae", "#588157", "#0077b6", "#606c38",
          "#7f8fa6", "#3d5a80", "#5e548e", "#9a8c98", "#4a4e69", "#22577a", "#38a3a5")
plt.rcParams.update({"svg.hashsalt": "bitena", "svg.fonttype": "none", "font.size": 9,
                     "axes.spines.top": False, "axes.spines.right": False,
                     "axes.grid": True, "grid.alpha": 0.25, "figure.constrained_layout.use": True})


class Book:
    """The records of one results file, and one colour for each rival."""

    def __init__(self, path):
        document = json.loads(path.read_text(encoding="utf-8"))
        self.records = document["records"]
        names = list(dict.fromkeys(record["rival"] for record in self.records))
        others = [name for name in names if name not in OURS and name != LIMIT]
        self.colours = {LIMIT: "#111111", **OURS,
                        **{name: RIVALS[i % len(RIVALS)] for i, name in enumerate(others)}}
        self.names = names

    def of(self, family, **wanted):
        """The family's records whose arguments, or own fields, are these."""
        return [record for record in self.records if record["family"] == family
                and all(record["arguments"].get(key, record.get(key)) == value
                        for key, value in wanted.items())]

    def style(self, name):
        if name == LIMIT:
            return {"color": self.colours[name], "linestyle": "--", "linewidth": 1.2}
        return {"color": self.colours[name], "linewidth": 2.2 if name in OURS else 1.0,
                "zorder": 3 if name in OURS else 2}


def spread(values, gap, top):
    """Positions for labels beside these (in the axis's log units), at least gap apart, none above top."""
    placed = []
    for value in sorted(values):
        placed.append(max(value, placed[-1] + gap) if placed else value)
    for i in reversed(range(len(placed))):
        placed[i] = min(placed[i], top)
        top = placed[i] - gap
    order = sorted(range(len(values)), key=lambda i: values[i])
    result = [0.0] * len(values)
    for position, i in zip(placed, order):
        result[i] = position
    return result


def lines(book, records, across, height, axes):
    """One line a rival: across and height take a record to its place."""
    ends = []
    for name in book.names:
        points = sorted((across(r), height(r)) for r in records if r["rival"] == name)
        if not points:
            continue
        xs, ys = zip(*points)
        axes.plot(xs, ys, marker="o", markersize=3, **book.style(name))
        ends.append((xs[-1], ys[-1], name))
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    if not ends:
        return
    low, high = (log10(limit) for limit in axes.get_ylim())
    heights = spread([log10(y) for _, y, _ in ends], (high - low) * 0.036, high)
    right = max(x for x, _, _ in ends)
    for (x, y, name), place in zip(ends, heights):
        axes.annotate(name, (x, y), xytext=(right * 1.25, 10 ** place), textcoords="data",
                      color=book.colours[name], fontsize=8, va="center", annotation_clip=False,
                      fontweight="bold" if name in OURS else "normal",
                      arrowprops={"arrowstyle": "-", "color": book.colours[name], "lw": 0.4})


def size_ticks(axes, sizes):
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()


def new_picture(title, width=8.6, height=5.4):
    figure, axes = plt.subplots(figsize=(width, height))
    axes.set_title(title, loc="left", fontsize=11)
    return figure, axes


def draw_by_size(book, family, title):
    records = book.of(family, workload="same")
    if not records:
        return None
    figure, axes = new_picture(title)
    lines(book, records, lambda r: r["size"], lambda r: r["ns"]["median"], axes)
    size_ticks(axes, sorted({r["size"] for r in records}))
    axes.set_xlabel("bytes of an object")
    axes.set_ylabel("ns per object (less is better)")
    return figure


def draw_threads(book):
    records = book.of("threads", size=16)
    if not records:
        return None
    figure, axes = new_picture("Throughput by threads: 16-byte objects, taken and given back")
    lines(book, records, lambda r: r["threads"], lambda r: 1000 / r["ns"]["median"], axes)
    size_ticks(axes, sorted({r["threads"] for r in records}))
    axes.set_xlabel("threads (more than processors is a case too)")
    axes.set_ylabel("million objects per second (more is better)")
    return figure


def draw_map(book, ours="bitena_owner", others=("cas", "mimalloc", "glibc")):
    """How many times faster, for each thread count and size."""
    times = {(r["rival"], r["threads"], r["size"]): r["ns"]["median"] for r in book.of("threads")}
    threads = sorted({key[1] for key in times if key[0] == ours})
    sizes = sorted({key[2] for key in times if key[0] == ours})
    if not threads:
        return None
    nothing = float("nan")
    figure, all_axes = plt.subplots(1, len(others), figsize=(9.6, 3.4), sharey=True)
    for other, axes in zip(others, all_axes):
        cells = [[times.get((other, t, s), nothing) / times.get((ours, t, s), nothing)
                  for s in sizes] for t in threads]
        image = axes.imshow(cells, cmap="RdYlGn", norm=LogNorm(0.1, 30), aspect="auto")
        for row, values in enumerate(cells):
            for column, value in enumerate(values):
                axes.text(column, row, "-" if isnan(value) else f"{value:.1f}", ha="center",
                          va="center", fontsize=8)
        axes.set_title(f"against {other}", loc="left", fontsize=10)
        axes.set_xticks(range(len(sizes)), sizes)
        axes.set_yticks(range(len(threads)), threads)
        axes.set_xlabel("bytes of an object")
        axes.grid(False)
    all_axes[0].set_ylabel("threads")
    figure.colorbar(image, ax=all_axes, label="times faster")
    figure.suptitle(f"{ours}: thread count by size", x=0.02, ha="left", fontsize=11)
    return figure


def draw_bars(book, title, columns, value, label, log=False):
    """A panel for each column (its title and records), bars from best to worst."""
    if not columns:
        return None
    figure, all_axes = plt.subplots(1, len(columns), figsize=(3.1 * len(columns), 4.6),
                                    squeeze=False)
    for (heading, records), axes in zip(columns, all_axes[0]):
        ranked = sorted(((value(r), r["rival"]) for r in records), reverse=True)
        axes.barh([name for _, name in ranked], [number for number, _ in ranked],
                  color=[book.colours[name] for _, name in ranked],
                  alpha=0.85, log=log)
        for row, (number, _) in enumerate(ranked):
            axes.text(number, row, f" {number:.3g}", va="center", fontsize=7)
        axes.set_title(heading, loc="left", fontsize=9)
        axes.set_xlabel(label, fontsize=8)
        axes.tick_params(labelsize=7)
        axes.margins(x=0.18)
        axes.grid(axis="y", visible=False)
    figure.suptitle(title, x=0.02, ha="left", fontsize=11)
    return figure


def by_title(book, family, keep=lambda record: True):
    columns = {}
    for record in book.of(family):
        if keep(record):
            columns.setdefault(record["title"].removeprefix("packing: "), []).append(record)
    return list(columns.items())


def nanoseconds(record):
    return record["ns"]["median"]


def pictures(book):
    """File name -> figure, None where these results have nothing for it."""
    yield "warm", draw_by_size(book, "warm", "Objects of one size, warm: taken and given back")
    yield "cold", draw_by_size(book, "cold", "Objects of one size, cold: first touch of 16 MiB")
    yield "threads", draw_threads(book)
    yield "map", draw_map(book)
    yield "packing", draw_bars(book, "Packing: bytes of memory per byte asked",
                               by_title(book, "packing", lambda r: r["resident"])[-4:],
                               lambda r: r["resident"] / r["bytes_asked"], "resident / asked")
    yield "lifecycle", draw_bars(book, "A lifetime with ten 16-byte objects: begin, fill, end",
                                 by_title(book, "lifecycle", lambda r: r["arguments"]["n"] == 10),
                                 nanoseconds, "ns per cycle", log=True)
    yield "grow", draw_bars(book, "Growing", by_title(book, "grow"), nanoseconds,
                            "ns per operation", log=True)
    yield "coldfill", draw_bars(book, "First fill of 1 GiB with 256-byte objects",
                                by_title(book, "coldfill"), nanoseconds, "ns per object")
    yield "programs", draw_bars(book, "Programs", by_title(book, "program"), nanoseconds,
                                "ns per operation")


def draw_all(results_path, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in pictures(Book(results_path)):
        if figure is None:
            print(f"not drawn: {name}: nothing was measured for it", flush=True)
            continue
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
        plt.close(figure)
        print(f"drawn: {folder.name}/{name}.svg", flush=True)
