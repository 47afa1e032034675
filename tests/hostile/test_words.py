"""A citizen's words are values: no template runs them, no query, no shell, no page of ours makes them alive."""

import re
from collections.abc import Callable

import pytest

from tests.hostile.enemy import EVIL, QUESTION, everything_said, mails_out, message, oacmail, outcomes, slip_in, smuggle
from tests.world import SUPERVISOR, World, text_of

NUMBER = "OAC-2026-000001"
JINJA = (
    "{{7*7}}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{{x}}{% endfor %}",
    "{% include '/etc/passwd' %}",
    "{{ config }}{{ self }}{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "${7*7} #{7*7} <%= 7*7 %>",
    "{# a comment #}",
)
SQL = (
    "'; DROP TABLE cases; --",
    '"); DELETE FROM messages; --',
    "' OR '1'='1",
    "\\'; UPDATE cases SET status = 'closed'; --",
    "?1 :name @x $y",
    "*' GLOB '*",
    "a\0b",
)
HTML = (
    "<script>alert(1)</script>",
    "<img src=https://track.example/1.gif onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    '"><iframe src="javascript:alert(1)">',
    "</blockquote></section><h1>Avís</h1>",
    "<a href='https://evil.example'>feu clic</a>",
    "<style>*{display:none}</style>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
)


OUR_STYLE = "<style>:root{color-scheme:light dark;supported-color-schemes:light dark}</style>"


def _write(world: World, words: str, *, page: bool = False) -> None:
    """The words as name, subject and text."""
    fields = [("From", f'"{words.replace(chr(34), chr(39))}" <{EVIL}>'), ("Subject", words)]
    kind = [("Content-Type", "text/html; charset=utf-8")] if page else []
    smuggle(world, message(world, [*fields, *kind], f"{words}\r\nCom ho faig?"))
    world.turn_at("2026-11-27 08:00")
    world.obey("escalate", NUMBER, why=words)


@pytest.mark.parametrize("words", JINJA)
def test_template_code_in_a_message_is_shown_and_never_run(world: World, words: str) -> None:
    _write(world, words)
    assert world.kinds(SUPERVISOR) == ["overdue", "derived"]
    for mail in world.received(SUPERVISOR):
        assert words in text_of(mail)
        assert "49" not in text_of(mail).replace(NUMBER, "")


OVERRIDES = {
    "shows the text": "Subject: [{{ token }}] Vençut\n\n{{ text }}\n",
    "shows it without a filter": "Subject: [{{ token }}] Vençut\n\n{{ text | safe }}\n",
    "asks for the subject": "Subject: [{{ token }}] {{ subject }}\n\n{{ text }}\n",
    "includes what the message says": "Subject: [{{ token }}] Vençut\n\n{% include text %}\n",
    "reaches for the interpreter": "Subject: [{{ token }}] x\n\n{{ ''.__class__.__mro__ }}{{ text }}\n",
    "never ends": "Subject: [{{ token }}] x\n\n{% for x in range(99999999999) %}{{ text }}{% endfor %}\n",
    "breaks the subject": "Subject: [{{ token }}] x\nBcc: victim@example.org\n\n{{ text }}\n",
}


@pytest.mark.parametrize("name", OVERRIDES)
@pytest.mark.parametrize("words", ["{{7*7}}", "{% include '/etc/passwd' %}", "/etc/passwd"])
def test_a_town_template_cannot_run_a_message_either(town: Callable[..., World], name: str, words: str) -> None:
    """What is wrong with an override is passed over for the shipped template, and the operator hears of it."""
    first = town()
    folder = first.root / "templates" / "ca"
    folder.mkdir(parents=True)
    (folder / "overdue.txt.j2").write_text(OVERRIDES[name], "utf-8")
    first.restart(office={"templates": str(folder.parent)})
    smuggle(first, message(first, [("Subject", words)], f"{words}\r\nCom ho faig?"))
    first.turn_at("2026-11-27 08:00")
    (mail,) = first.received(SUPERVISOR)
    assert words in text_of(mail)
    assert "root:" not in everything_said(mail)
    assert "49" not in text_of(mail).replace(NUMBER, "")
    assert mail["Bcc"] is None
    assert mail["Subject"].startswith(f"[{NUMBER}-")


@pytest.mark.parametrize("page", [False, True], ids=["plain", "html"])
@pytest.mark.parametrize("words", HTML)
def test_markup_in_a_message_is_dead_in_every_page_of_ours(world: World, words: str, page: bool) -> None:
    _write(world, words, page=page)
    for mail in mails_out(world):
        head, style, rest = text_of(mail, "html").partition(OUR_STYLE)
        assert style
        assert "<body" not in head
        shown = head + rest  # a style that is left is not ours
        tags = {tag.lower() for tag in re.findall(r"<\s*/?\s*([a-zA-Z][a-zA-Z0-9]*)", shown)}
        assert tags <= {"html", "head", "meta", "title", "body", "section", "h1", "ul", "li", "p", "br", "a",
                        "blockquote", "strong", "table", "thead", "tbody", "tr", "th", "td", "div"}  # fmt: skip
        assert not re.search(r"<[^>]*\son\w+\s*=", shown)
        assert {link.partition("/")[0] for link in re.findall(r'href="https://([^"]*)', shown)} <= {
            "www.castellbisbal.example"
        }
        assert shown.count("<h1") == shown.count("<section")
        pages = [part for part in mail.walk() if part.get_content_type() == "text/html"]
        assert len(pages) == 1  # the message's own page travels as text


@pytest.mark.parametrize("words", SQL)
def test_sql_in_every_field_is_only_text(world: World, words: str) -> None:
    payload = words.encode()
    names = ("Subject", "Message-ID", "In-Reply-To", "References", "Reply-To", "Cc", "Sender", "X-Oacmail", "Comments")
    fields: list[tuple[str, str | bytes]] = [(name, payload) for name in names]
    slip_in(world, message(world, [*fields, ("From", b'"' + payload.replace(b'"', b"") + b'" <mallory@evil.example>')]))
    slip_in(world, message(world, [("From", f"{words}@evil.example"), ("Subject", "Una altra")], words))
    world.citizen_asks("anna@example.org")
    for verb in (("note", "text"), ("assign", "name")):
        world.order(verb[0], NUMBER, **{verb[1]: words})
    assert outcomes(world) == ["case"] * 3
    assert len(world.cases()) == 3
    assert len(world.received("anna@example.org")) == 1
    assert {row["status"] for row in world.cases()} <= {"open", "derived"}
    for verb_ in ("export", "retry"):
        assert oacmail(world, "quarantine", verb_, words, *(["/tmp"] if verb_ == "export" else [])).exit_code in (1, 2)
    for found in (oacmail(world, "case", "open", words), oacmail(world, "outbox", "drop", words)):
        assert found.exit_code != 0
    assert len(world.cases()) == 3


NAMES = (
    "../../../../etc/cron.d/x",
    "..\\..\\windows\\system32\\x.exe",
    "/etc/passwd",
    "C:\\x\\y.exe",
    "a\0b.exe",
    "~/.bashrc",
    "$(reboot).txt",
    "-rf",
    "",
    "x" * 5_000,
    "\u202egpj.exe",
    "a\r\nContent-Type: text/html\r\n\r\n<script>",
)


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:30])
def test_an_export_is_named_by_what_it_is_and_lies_where_it_was_asked_for(world: World, name: str) -> None:
    part = (
        f'Content-Type: application/octet-stream; name="{name}"\r\nContent-Disposition: attachment; filename="{name}"'
    )
    body = f"--b\r\n{part}\r\n\r\nMZ\r\n--b--"
    fields = [("From", ""), ("Subject", name), ("Content-Type", f'multipart/mixed; boundary="b"; name="{name}"')]
    smuggle(world, message(world, fields, body))
    (ref,) = [row["fingerprint"] for row in world.rows("SELECT fingerprint FROM reviews")]
    target = world.root / "out"
    done = oacmail(world, "quarantine", "export", ref, str(target))
    assert done.exit_code == 0, done.output
    assert [path.name for path in target.iterdir()] == [f"{ref[:64]}.eml"]
    assert sorted(path.name for path in world.root.iterdir()) == ["config.toml", "out", "state"]
    modes = [path.stat().st_mode & 0o777 for path in (target, *target.iterdir())]
    assert modes == [0o700, 0o600]  # it is a citizen's whole message


def test_an_export_follows_no_link_that_lies_in_its_way(world: World) -> None:
    smuggle(world, message(world, [("From", "")], "Bon dia"))
    (ref,) = [row["fingerprint"] for row in world.rows("SELECT fingerprint FROM reviews")]
    target, victim = world.root / "out", world.root / "victim"
    target.mkdir()
    victim.write_text("kept")
    (target / f"{ref[:64]}.eml").symlink_to(victim)
    assert oacmail(world, "quarantine", "export", ref, str(target)).exit_code != 0
    assert victim.read_text() == "kept"


@pytest.mark.parametrize(
    "raw",
    [
        b"\xed\xa0\x80\xed\xb0\x80",
        b"\xff\xfe\xfd",
        b"=?utf-8?b?7aCA?=",
        b"=?utf-16?b?2AA=?=",
        b"=?utf-7?q?+2ADYAA-?=",
        b"=?unicode-escape?q?=5Cud800?=",
        b"\x80\x9b31m",
    ],
    ids=ascii,
)
def test_half_characters_in_every_field_break_nothing(world: World, raw: bytes) -> None:
    """Neither the database, nor JSON, nor a terminal can hold a lone surrogate."""
    names = (
        *("Subject", "Message-ID", "References", "In-Reply-To", "Reply-To", "Cc", "Date", "X-Oacmail", "Comments"),
        *("Thread-Topic", "Received", "Authentication-Results", "Content-Description"),
    )
    fields: list[tuple[str, str | bytes]] = [(name, raw) for name in names]
    fields += [("From", raw + b" <mallory@evil.example>"), ("Content-Type", b'text/plain; charset="' + raw + b'"')]
    slip_in(world, message(world, fields, raw + b" " + QUESTION.encode()))
    automatic: list[tuple[str, str | bytes]] = [
        ("Auto-Submitted", b"auto-replied " + raw),
        ("Precedence", b"bulk " + raw),
    ]
    slip_in(world, message(world, [*automatic, ("Subject", raw)], raw))
    smuggle(world, message(world, [("Auto-Submitted", raw), ("Return-Path", b"<" + raw + b">")], raw))
    assert "quarantined" not in outcomes(world)
    assert world.rows("SELECT error FROM sightings WHERE error IS NOT NULL") == []
    for words in (("case", "list"), ("case", "show", NUMBER), ("why", NUMBER), ("quarantine", "list")):
        for option in ((), ("--json",)):
            assert oacmail(world, *words, *option).exit_code == 0
    (world.root / "x.eml").write_bytes(message(world, [*fields, *automatic], raw))
    assert oacmail(world, "try", str(world.root / "x.eml"), "--json").exit_code == 0
