"""Charts come from a process of their own, and their library is in the memory of no other."""

import subprocess
import sys
from dataclasses import asdict
from typing import Any

from oacmail import charts
from oacmail.words.report_forms import Chart

HEAVY = ("numpy", "matplotlib", "PIL", "pandas")
BARS = Chart(name="cases", kind="bars", title="Consultes", labels=("nov",), values=(4.0,), written=("4",), alt="")


def chart(**changes: Any) -> dict[str, Any]:
    return {**asdict(BARS), **changes}


def test_every_kind_of_chart_is_an_image_and_a_value_that_is_not_known_a_gap() -> None:
    line = chart(
        name="share", kind="line", labels=("oct", "nov"), values=(None, 98.5), written=("—", "98,5 %"), target=100.0
    )
    drawn = charts.draw([chart(), line, chart(name="topics", kind="rows")])
    assert drawn.reason == ""
    assert {name: image[:8] for name, image in drawn.images.items()} == dict.fromkeys(
        ("cases", "share", "topics"), b"\x89PNG\r\n\x1a\n"
    )


def test_what_goes_wrong_is_a_reason_and_no_error() -> None:
    wrong = charts.draw([chart(kind="pie")])
    assert (wrong.images, wrong.reason) == ({}, "KeyError: 'pie'")
    late = charts.draw([chart()], seconds=0.01)
    assert (late.images, late.reason) == ({}, "no charts within 0.01 seconds")
    assert charts.draw([]).reason == ""


def test_more_memory_than_its_limit_ends_the_process_and_not_the_report() -> None:
    drawn = charts.draw([chart()], memory=64 << 20)
    assert drawn.images == {}
    assert drawn.reason


def test_the_daemon_loads_none_of_it() -> None:
    code = f"import sys, oacmail.service; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
