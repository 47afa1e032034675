"""A person gets a copy of all that is held on them, and nothing about anybody else."""

import json
import re
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest
from msgspec.structs import replace

from oacmail.core.model import LANGUAGES, CloseReason
from oacmail.privacy.export import Archive, archive_page, export, write_archive
from oacmail.words.labels import phrases
from tests.privacy.test_forgetting import NAME, PHONE, _answered_and_closed
from tests.world import AGENT, ANNA, MARTA, PERE, STAFF, World


def _export(world: World, address: str = ANNA) -> Archive:
    found = export(
        world.store.con, world.policy, address, world.engine.now(), mailbox=None, backups=[("/b/1", "2026-11-01")]
    )
    assert found is not None
    return found


def _everything(copy: Archive) -> str:
    return json.dumps(copy.data, ensure_ascii=False) + archive_page(copy)


def test_all_that_the_person_wrote_and_got_is_in_it(world: World) -> None:
    number = _answered_and_closed(world)
    copy = _export(world)
    assert copy.data["people"] == [{"address": ANNA, "name": NAME, "language": None}]
    assert [case["number"] for case in copy.data["cases"]] == [number]
    assert [message["role"] for message in copy.data["messages"]].count("citizen") == 2
    assert "Torrentfonda" in _everything(copy)
    assert [note["text"] for note in copy.data["notes"]] == [f"La Puigdomènech ha trucat des del {PHONE}"]
    originals = [raw for name, raw in copy.files.items() if name.startswith("messages/")]
    assert len(originals) == 2
    assert all(ANNA.encode() in raw for raw in originals)
    (ack,) = world.received(ANNA)
    assert [str(ack["Message-ID"]).encode() in raw for name, raw in copy.files.items() if name[:5] == "mails"] == [True]
    assert copy.data["backups"] == [{"path": "/b/1", "made_at": "2026-11-01"}]


def test_the_names_in_the_data_are_those_of_the_files(world: World) -> None:
    _answered_and_closed(world)
    copy = _export(world)
    named = {row["file"] for name in ("messages", "mails") for row in copy.data[name] if row["file"]}
    assert named == set(copy.files)


def test_nobody_elses_address_is_disclosed(world: World) -> None:
    first = world.citizen_asks(ANNA, "La veïna", f"La meva veïna és {PERE.upper()}.")
    world.citizen_writes(MARTA, "Re: La veïna", "Jo també ho vull.", answers=first)
    world.citizen_asks(PERE, "Escola bressol", "Hi ha plaça?")
    told = _everything(_export(world))
    for address in (PERE, MARTA, *STAFF):
        assert address not in told.lower()
    assert "P…@EXAMPLE.NET" in told
    assert "Escola bressol" not in told


def test_what_another_person_wrote_on_the_case_and_was_answered_is_left_out(world: World) -> None:
    world.citizen_writes(ANNA, "Escola", "Quan comença el curs?")
    his = world.citizen_writes(PERE, "Bressol", "El meu fill té plaça?")
    world.turn()
    world.order("merge", "OAC-2026-000002", into="OAC-2026-000001")
    world.agent_answers(his, "El vostre fill té plaça al torn de tarda.")
    world.turn()
    told = _everything(_export(world))
    assert "Quan comença el curs?" in told
    assert "una altra persona" in told
    assert [word for word in ("Bressol", "té plaça", "torn de tarda") if word in told] == []


def test_the_page_is_made_where_staff_got_the_first_mail(world: World) -> None:
    """Of what others got, there is no file."""
    world.citizen_asks(ANNA, "Queixa", "Bon dia, vull presentar una queixa: em van atendre molt malament.")
    copy = _export(world)
    assert sorted(bool(row["file"]) for row in copy.data["mails"]) == [False, True]
    assert [row["own"] for row in copy.data["mails"]] == [0, 1]
    assert "Queixa" in archive_page(copy)


def test_a_long_word_of_a_stranger_stops_no_export(world: World) -> None:
    """A search for an address that reads each character again for each one before it would take hours."""
    world.citizen_asks(ANNA, "La veïna", f"{'a' * 300_000} {'a@' * 20_000} {PERE}")
    assert PERE not in _everything(_export(world))


def test_the_account_that_did_something_is_not_named(world: World) -> None:
    number = _answered_and_closed(world)
    world.order("assign", number, name=AGENT.partition("@")[0])
    assert all("by" not in event["data"] for event in _export(world).data["events"])


class _TagsOfThePage(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("language", ["ca", "es", "en"])
def test_the_page_is_for_everybody(world: World, language: str) -> None:
    world.citizen_asks(ANNA, "<script>alert(1)</script>", "<img src=x onerror=alert(1)>")
    page = _TagsOfThePage()
    page.feed(archive_page(replace(_export(world), language=language)))
    names = [tag for tag, _ in page.tags]
    assert page.tags[0] == ("html", {"lang": language})
    assert {"script", "img", "iframe", "link"}.isdisjoint(names)
    assert (names.count("h1"), names.count("main")) == (1, 1)
    assert all(attributes.get("scope") == "col" for tag, attributes in page.tags if tag == "th")


@pytest.mark.parametrize(
    ("text", "language"),
    [("Bon dia, com puc demanar el volant d'empadronament?", "ca"), ("Buenos días, ¿cómo pido el volante?", "es")],
)
def test_the_page_is_in_the_language_of_the_person(world: World, text: str, language: str) -> None:
    world.citizen_asks(ANNA, "Volant", text)
    assert f'<html lang="{language}">' in archive_page(_export(world))


def test_on_a_phone_each_value_stands_below_its_name_in_one_column(world: World) -> None:
    """Of a table whose cells are blocks, a browser passes on no roles but those that are named."""
    world.citizen_asks(ANNA)
    text = archive_page(_export(world))
    assert re.search(r"@media\(max-width:40rem\)\{table,tbody,tr,td\{display:block", text)
    page = _TagsOfThePage()
    page.feed(text)
    roles = {"table": "table", "tr": "row", "td": "cell", "th": "columnheader"}
    assert {(tag, attributes.get("role")) for tag, attributes in page.tags if tag in roles} == set(roles.items())
    assert all(attributes["data-name"] for tag, attributes in page.tags if tag == "td")


class _CellsOfThePage(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.cells: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "td"
        self.cells += [""] if self._inside else []

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "td"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.cells[-1] += data


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ca", {"Respost", "Consulta o incidència", "vós", "una resposta", "25 de novembre de 2026, 9 h"}),
        ("es", {"Respondido", "Consulta o incidencia", "usted", "una respuesta", "25 de noviembre de 2026, 9 h"}),
        ("en", {"Answered", "Question or problem", "you", "an answer", "25 November 2026, 9 am"}),
    ],
)
def test_the_page_speaks_the_readers_language(world: World, language: str, words: set[str]) -> None:
    """No code of ours, no time of programs, no reference: those are in data.json."""
    asked = world.citizen_asks(ANNA)
    world.agent_replies(asked)
    page = _CellsOfThePage()
    page.feed(archive_page(replace(_export(world), language=language)))
    assert words <= set(page.cells)
    assert not {"first", "request", "citizen", "agent", "ack", "opened", "question", "answer"} & set(page.cells)
    told = " ".join(page.cells)
    assert not re.search(r"\d{4}-\d\d-\d\dT", told)
    assert not re.search(r"[0-9a-f]{16}", told)
    assert str(asked["Message-ID"]) not in told


def test_a_zip_or_a_folder_is_made_and_never_overwritten(world: World, tmp_path: Path) -> None:
    _answered_and_closed(world)
    copy = _export(world)
    write_archive(copy, tmp_path / "copy.zip")
    write_archive(copy, tmp_path / "copy")
    with zipfile.ZipFile(tmp_path / "copy.zip") as packed:
        names = set(packed.namelist())
        assert names == {"index.html", "data.json", *copy.files}
        assert json.loads(packed.read("data.json"))["person"] == ANNA
    assert {str(path.relative_to(tmp_path / "copy")) for path in (tmp_path / "copy").rglob("*.*")} == names
    made = [tmp_path / "copy.zip", tmp_path / "copy", *(tmp_path / "copy").rglob("*")]
    assert {oct(path.stat().st_mode & 0o77) for path in made} == {"0o0"}
    for target in ("copy.zip", "copy"):
        with pytest.raises(FileExistsError):
            write_archive(copy, tmp_path / target)


def test_nothing_is_made_of_a_person_of_whom_nothing_is_held(world: World) -> None:
    assert export(world.store.con, world.policy, ANNA, world.engine.now(), mailbox=None, backups=[]) is None


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_reason_of_a_closing_has_its_own_words(lang: str) -> None:
    words = phrases("export_close_reason", lang)
    assert set(words) == set(CloseReason)
    assert len(set(words.values())) == len(CloseReason)
