"""Draw charts in a process of their own, so that the plotting library is in the memory of none that stays.

The process is the same interpreter with limits on time and memory: charts as JSON on its standard input, PNG images in
base64 as JSON on its standard output. Whatever goes wrong, there are no pictures and the reason is returned: a report
never waits for its charts. No figure is computed here. Colours have a contrast of 3 to white or more (WCAG 2.2,
1.4.11), and every value stands beside its mark, so that no chart needs colours to be read.
"""

import io
import json
import os
import resource
import subprocess
import sys
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SECONDS, MEMORY = 60.0, 1 << 30  # bytes of address space
_LONGEST_REASON = 200
_WIDTH, _HEIGHT, _DPI = 6.4, 3.4, 200  # inches, and dots for an inch: sharp at twice the width of 640 pixels
_ROW, _FEWEST_PLACES = 0.38, 6
_INK, _MARK, _TARGET = "#1a1a1a", "#1d4e89", "#9a3412"


class Drawn(Struct, frozen=True):
    """PNG images by the name of their chart, or why there are none."""

    images: Mapping[str, bytes]
    reason: str = ""


def draw(charts: Sequence[Mapping[str, object]], *, seconds: float = SECONDS, memory: int = MEMORY) -> Drawn:
    """`charts`: fields of words/report_forms.py. Never raises for what the process does."""
    if not charts:
        return Drawn({})
    command = [sys.executable, "-I", "-m", "oacmail.charts", str(memory)]
    # one thread: a pool for a few bars would cost more than the bars, and reserves memory by the core
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, no shell
            command,
            input=json.dumps(charts).encode(),
            capture_output=True,
            timeout=seconds,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Drawn({}, f"no charts within {seconds:g} seconds")
    except OSError as error:
        return Drawn({}, str(error))
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        return Drawn({}, (last[0] if last else f"exit {done.returncode}")[:_LONGEST_REASON])
    return Drawn({name: b64decode(image) for name, image in json.loads(done.stdout).items()})


# --- The process that draws ------------------------------------------------------------------------------------------


def main() -> None:
    memory = int(sys.argv[1])
    # A sandbox may forbid it, as systemd's does; it limits the memory of the service itself (MemoryMax).
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    charts = json.load(sys.stdin)
    with tempfile.TemporaryDirectory(prefix="oacmail-charts-") as folder:
        os.environ["MPLCONFIGDIR"] = folder  # the service has no home to keep a cache in
        images = {chart["name"]: b64encode(_image(chart)).decode("ascii") for chart in charts}
    json.dump(images, sys.stdout)


def _image(chart: dict[str, Any]) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height = max(_HEIGHT, 1.1 + _ROW * len(chart["labels"])) if chart["kind"] == "rows" else _HEIGHT
    figure = Figure(figsize=(_WIDTH, height), dpi=_DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(chart["title"], loc="left", fontsize=11, fontweight="bold", color=_INK)
    _KINDS[chart["kind"]](axes, chart)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=_INK, labelsize=8, length=0)
    out = io.BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _line(axes: "Axes", chart: dict[str, Any]) -> None:
    places = range(len(chart["labels"]))
    values = [float("nan") if value is None else value for value in chart["values"]]
    axes.plot(places, values, color=_MARK, marker="o", linewidth=2)
    if chart["target"] is not None:
        axes.axhline(chart["target"], color=_TARGET, linestyle="--", linewidth=1.2)
        axes.annotate(
            chart["target_name"], (1, chart["target"]), xycoords=("axes fraction", "data"), ha="right", va="bottom",
            xytext=(0, 3), textcoords="offset points", fontsize=8, color=_TARGET,
        )  # fmt: skip
    lowest = min((value for value in chart["values"] if value is not None), default=0.0)
    if chart["most"] is not None:
        room = max((chart["most"] - lowest) * 0.25, 2.0)
        axes.set_ylim(max(0.0, lowest - room), chart["most"] + room / 2)
    _name_each(axes, chart, below=True)


def _bars(axes: "Axes", chart: dict[str, Any]) -> None:
    axes.bar(range(len(chart["labels"])), [value or 0.0 for value in chart["values"]], color=_MARK, width=0.65)
    axes.set_ylim(0, 1.15 * max((value or 0.0 for value in chart["values"]), default=0.0) or 1)
    _name_each(axes, chart)


def _name_each(axes: "Axes", chart: dict[str, Any], *, below: bool = False) -> None:
    axes.set_xticks(range(len(chart["labels"])), chart["labels"], rotation=45 if len(chart["labels"]) > 6 else 0)
    axes.set_xlim(-0.6, max(len(chart["labels"]), _FEWEST_PLACES) - 0.4)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    offset, side = ((0, -7), "top") if below else ((0, 3), "bottom")
    for place, (value, written) in enumerate(zip(chart["values"], chart["written"], strict=True)):
        if value is not None:
            axes.annotate(
                written, (place, value), xytext=offset, textcoords="offset points", ha="center", va=side, fontsize=7.5,
                color=_INK, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
            )  # fmt: skip


def _rows(axes: "Axes", chart: dict[str, Any]) -> None:
    bars = axes.barh(range(len(chart["labels"])), chart["values"], color=_MARK, height=0.65)
    axes.set_yticks(range(len(chart["labels"])), chart["labels"])
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.bar_label(bars, labels=chart["written"], padding=3, fontsize=8, color=_INK)
    axes.margins(x=0.1)


_KINDS = {"line": _line, "bars": _bars, "rows": _rows}

if __name__ == "__main__":
    main()
