"""The forms of one report: the same figures in all, nobody's data in any, no small number in the published one."""

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import asdict

from oacmail import charts
from oacmail.cli import oacmail
from oacmail.words.report_forms import Chart
from testbed.office import as_toml
from tests.report.busy_month import BusyMonth
from tests.report.test_month import COUNCIL
from tests.world import World

LANGUAGES = ("ca", "es", "en")


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = World(
        tmp_path_factory.mktemp("forms"),
        now="2026-11-02 07:00",
        report={"to": [COUNCIL]},
        people={"technical": ["tic@town.example"]},
    )
    BusyMonth(world, seed=11).play()
    yield world
    world.stop()


def run(busy: World, *words: str) -> Result:
    config = busy.root / "config.toml"
    config.write_text(as_toml(busy.sections))
    return CliRunner().invoke(oacmail, ["--config", str(config), "report", "2026-11", *words])


def as_json(busy: World, *words: str) -> dict[str, Any]:
    done = run(busy, "--json", *words)
    assert done.exit_code == 0, done.output
    (line,) = done.stdout.splitlines()
    read: dict[str, Any] = json.loads(line)
    return read


class PageRead(HTMLParser):
    """The tags in their order, and the texts of all cells."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())

    def all(self, *names: str) -> list[tuple[str, dict[str, str | None]]]:
        return [one for one in self.tags if one[0] in names]


@cache  # to draw the charts takes a process and seconds
def page(busy: World, *words: str) -> str:
    file = busy.root / f"r{len(words)}{''.join(words)}.html"
    assert run(busy, "--html", str(file), *words).exit_code == 0
    return file.read_text("utf-8")


def table(busy: World, tmp_path: Path, *words: str) -> list[dict[str, str]]:
    assert run(busy, "--csv", str(tmp_path / "r.csv"), *words).exit_code == 0
    raw = (tmp_path / "r.csv").read_bytes()
    assert b"\r\n" in raw
    assert b"\n" not in raw.replace(b"\r\n", b"")
    return list(csv.DictReader(io.StringIO(raw.decode(), newline="")))


def mail(busy: World) -> EmailMessage:
    (found,) = busy.received(COUNCIL)
    return found


def test_json_csv_page_text_and_mail_show_the_same_figures(busy: World, tmp_path: Path) -> None:
    figures = {
        (one["id"], measure["key"]): measure["value"]
        for one in as_json(busy)["indicators"]
        for measure in one["measures"]
    }
    rows = [row for row in table(busy, tmp_path) if "." not in row["key"]]
    assert {(row["id"], row["key"]): float(row["value"]) if row["value"] else None for row in rows} == figures
    worded = {row["Resultat"] for row in rows if row["key"] not in ("before", "year_before")}
    texts = set(PageRead(page(busy)).texts)
    assert worded <= texts
    printed = run(busy).stdout
    assert not [text for text in worded if text not in printed]
    first = next(row for row in rows if row["id"] == "I1")
    plain, html = (str(part.get_content()) for kind in ("plain", "html") if (part := mail(busy).get_body((kind,))))
    assert first["Resultat"].replace("\u00a0", " ") in plain.replace("\u00a0", " ")
    assert first["Resultat"].replace("\u00a0", " ") in html.replace("\u00a0", " ")
    assert first["Resultat"].replace("\u00a0", " ") in str(mail(busy)["Subject"]).replace("\u00a0", " ")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_is_accessible_and_fetches_nothing(busy: World, lang: str) -> None:
    found = PageRead(page(busy, *(() if lang == "ca" else ("--lang", lang))))
    shows_an_accessible_page(found, lang, tables=16, images=3)


def shows_an_accessible_page(found: PageRead, lang: str, *, tables: int, images: int) -> None:
    """Its language, one h1, headings in order, tables with captions, pictures with words, nothing is fetched."""
    assert found.all("html") == [("html", {"lang": lang})]
    levels = [int(tag[1]) for tag, _ in found.all("h1", "h2", "h3")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert len(found.all("caption")) == len(found.all("table")) >= tables
    assert all(attrs["scope"] in ("col", "row") for _, attrs in found.all("th"))
    assert len(found.all("img")) == images
    assert all(str(attrs["src"]).startswith("data:image/png;base64,") and attrs["alt"] for _, attrs in found.all("img"))
    assert found.all("script", "link", "iframe") == []


def test_a_page_without_charts_says_so(busy: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    done = run(busy, "--html", str(tmp_path / "r.html"))
    assert done.exit_code == 0
    assert "the page has no charts" in done.stderr
    written = PageRead((tmp_path / "r.html").read_text("utf-8"))
    assert written.all("img") == []
    assert any("Els gràfics no s'han pogut dibuixar" in text for text in written.texts)


def test_no_form_has_an_address_a_number_or_a_subject_of_anybody(busy: World, tmp_path: Path) -> None:
    forms = [run(busy, "--json").stdout, run(busy).stdout, page(busy), str(table(busy, tmp_path))]
    forms += [str(part.get_content()) for part in mail(busy).walk() if part.get_content_maintype() == "text"]
    personal = {row["address"] for row in busy.rows("SELECT address FROM people")} - {""}
    personal |= {row["subject"] for row in busy.rows("SELECT subject FROM cases")} - {""}
    assert len(personal) > 60
    for form in forms:
        text = re.sub(r"base64,[A-Za-z0-9+/=]+", "", form)
        assert not [one for one in personal if one in text]
        assert not re.search(r"612.?345.?678", text)


def test_the_published_form_tells_no_small_number_and_no_case(busy: World, tmp_path: Path) -> None:
    made = as_json(busy, "--published")
    assert made["grouped"] is True
    for one in made["indicators"]:
        assert one["breaches"] == []
        for measure in one["measures"]:
            n, value = measure["n"], measure["value"]
            assert n is None or n == 0 or n >= 5, (one["id"], measure)
            if value is not None and measure["unit"] == "count":
                assert value == 0 or value >= 5, (one["id"], measure)
            if value is not None and measure["unit"] == "percent" and n:
                part = round(value * n / 100)
                assert all(piece == 0 or piece >= 5 for piece in (part, n - part)), (one["id"], measure)
        for cells in one["tables"]:
            assert all(not row["count"] or row["count"] >= 5 for row in cells["rows"]), (one["id"], cells)
    for form in (run(busy, "--published").stdout, page(busy, "--published")):
        assert not re.search(r"OAC-\d{4}-\d{6}", form)


def test_the_published_form_keeps_the_sums(busy: World) -> None:
    full, public = (as_json(busy, *words)["indicators"] for words in ((), ("--published",)))
    sums = {
        (one["id"], cells["key"]): sum(row["count"] for row in cells["rows"]) for one in full for cells in one["tables"]
    }
    for one in public:
        for cells in one["tables"]:
            if cells["key"] != "causes":
                assert sum(row["count"] for row in cells["rows"]) == sums[one["id"], cells["key"]]


def test_a_month_that_was_sent_is_not_sent_again_and_a_running_one_is_not_sent_yet(busy: World) -> None:
    again = run(busy, "--send")
    assert again.exit_code == 1
    assert "was published before" in again.stderr


@pytest.mark.parametrize("month", ["2026-13", "november", "20261"])
def test_a_month_that_is_none_is_wrong_usage(busy: World, month: str) -> None:
    config = busy.root / "config.toml"
    config.write_text(as_toml(busy.sections))
    done = CliRunner().invoke(oacmail, ["--config", str(config), "report", month])
    assert done.exit_code == 2
    assert "write it like 2026-11" in done.stderr


# Charts come from a process of their own, and their library is in the memory of no other.

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
