"""Mail in the junk folder: read and counted, never acknowledged or moved; an agent says that it is a person's."""

import json
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from email.message import EmailMessage
from pathlib import Path

import pytest

from oacmail.store import ledger
from oacmail.store.connection import FILE, connect
from oacmail.store.store import SqliteStore
from testbed.mailbox import SimulatedMailbox
from testbed.messages import as_bytes
from tests.digest.test_digest import SPAM, digest_of, lines
from tests.orders.test_orders import reply
from tests.world import AGENT, ANNA, OFFICE, OPERATOR, PERE, SECRET, World, local, text_of

TOWN = Callable[..., World]
ASKS = "Bon dia, em diuen que no tinc dret a la beca menjador. Truqueu-me al 612 345 678."
OPENING = "Bon dia, em diuen que no tinc dret a la beca menjador. …"
FORM = "Nom: Pere Mas\nTelèfon: 612 345 678\nCorreu: pere@example.net\nMissatge: com demano la beca?"
BULK = (("List-Unsubscribe", "<https://a.example>"), ("Precedence", "bulk"))
SEALED = Path(__file__).parents[2] / "bench" / "sealed.jsonl"


def junk(world: World, sender: str = ANNA, text: str = ASKS, subject: str = "Beca", **more: object) -> EmailMessage:
    """The server's filter has put it there."""
    mail = world.message(sender, subject, text, **more)  # type: ignore[arg-type]
    world.receive(mail, folder="Junk")
    return mail


@pytest.fixture
def world(town: TOWN) -> World:
    return town(now="2026-11-25 10:00", digest={"to": [AGENT]})


def test_what_reads_as_a_persons_is_a_card_and_a_line_and_nothing_else(world: World) -> None:
    junk(world)
    (card,) = world.received(AGENT, "in_junk")
    assert f"«{OPENING}»" in text_of(card)
    said = f"{card['Subject']}\n{text_of(card)}".lower()
    assert "612 345" not in said  # a reference may have the digits 612 by chance: it has no space
    assert "anna" not in said
    assert (world.cases(), world.received(ANNA), world.reviews()) == ([], [], ["in-junk"])
    assert world.mailbox.moves == 0
    assert len(world.mailbox.folders["Junk"].messages) == 1
    world.live("2026-11-26 08:30")
    (line,) = lines(digest_of(world))
    assert line.endswith(
        "· a la carpeta de correu brossa · dc. 25/11, 10 h · «Bon dia, em diuen que no tinc dret a la beca menjador. …»"
    )
    world.live("2026-11-27 08:30")
    assert len(world.received(AGENT, "in_junk")) == 1


@pytest.mark.parametrize("order", ["és persona", "{} és persona", "ÉS PERSONA {}"])
def test_it_is_a_person_opens_its_case_with_the_day_of_its_arrival(world: World, order: str) -> None:
    junk(world)
    world.live("2026-11-26 07:00")
    (ref,) = [row["fingerprint"][:8] for row in world.rows("SELECT fingerprint FROM reviews")]
    assert ref in text_of(world.received(AGENT, "in_junk")[0])
    reply(world, world.received(AGENT, "in_junk")[0], order.format(ref), sender=AGENT)
    assert world.kinds(ANNA) == ["ack"]
    assert world.case()["opened_at"].startswith("2026-11-25T10:00")
    assert world.case()["due_at"].startswith("2026-11-26")
    assert world.reviews() == []


def test_a_reply_to_us_joins_its_case(world: World) -> None:
    world.citizen_asks(ANNA)
    junk(world, text="Hola.", subject="", answers=world.received(ANNA)[0])
    reply(world, world.received(AGENT, "in_junk")[0], "és persona", sender=AGENT)
    assert len(world.case()["messages"]) == 2


def test_it_is_junk_ends_the_line(world: World) -> None:
    junk(world)
    reply(world, world.received(AGENT, "in_junk")[0], "és brossa", sender=AGENT)
    assert (world.reviews(), world.cases(), world.received(ANNA)) == ([], [], [])


def test_the_rest_is_counted(world: World) -> None:
    junk(world, "prize@lottery.example", SPAM[1], SPAM[0])
    junk(
        world,
        PERE,
        "Butlletí de novembre",
        "Novetats",
        headers=(("List-Unsubscribe", "<https://a.example>"), ("Precedence", "bulk")),
    )
    assert (world.received(AGENT, "in_junk"), world.reviews()) == ([], [])
    world.live("2026-11-26 08:30")
    assert "A la carpeta de correu brossa, 2 missatges que no semblen de cap persona" in text_of(digest_of(world))
    assert world.rows("SELECT 1 FROM sightings WHERE outcome IS NULL") == []


def test_of_what_is_no_persons_only_that_it_came_is_stored(world: World) -> None:
    mail = world.message("prize@lottery.example", SPAM[0], SPAM[1], headers=BULK)
    mail["References"] = "<an.earlier@lottery.example>"
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="prize.pdf")
    world.receive(mail, folder="Junk")
    dump = "\n".join(world.store.con.iterdump())
    (row,) = world.rows("SELECT fingerprint, received_at, folder, rule FROM messages")
    assert (row["received_at"][:16], row["folder"], row["rule"]) == ("2026-11-25T09:00", "Junk", "in-junk")
    for told in ("lottery.example", "prize.pdf", SPAM[0], SPAM[1][:20], str(mail["Message-ID"]).strip("<>")):
        assert told not in dump, told
    assert world.rows("SELECT 1 FROM originals UNION ALL SELECT 1 FROM refs") == []
    world.mailbox.move("Junk", 1, "INBOX")
    world.turn()
    (row,) = world.rows("SELECT subject, attachments, p.address FROM messages JOIN people p ON p.id = author_id")
    assert (row["subject"], row["address"]) == (SPAM[0], "prize@lottery.example")
    assert "prize.pdf" in row["attachments"]
    assert len(world.rows("SELECT 1 FROM refs")) == 1


def test_mail_of_the_office_and_of_staff_is_not_taken_for_a_persons_nor_obeyed(world: World) -> None:
    world.citizen_asks(ANNA)
    copies = dict(world.mailbox.folders["Sent"].messages)
    (uid,) = copies
    world.mailbox.copy("Sent", uid, "Junk")
    world.turn()
    junk(world, OFFICE, "#tanca\nBon dia, com puc demanar-ho?", "Re: [OAC-2026-000001]")
    junk(world, AGENT, "#tanca", "cas 1")
    assert world.case()["status"] == "open"
    assert (world.received(AGENT, "in_junk"), world.reviews()) == ([], [])


def test_proven_staff_are_a_line_and_no_order_is_carried_out(world: World) -> None:
    world.citizen_asks(ANNA)
    world.receive(world.message(AGENT, "cas 1", "#meu"), verdict="dmarc=pass header.from=town.example", folder="Junk")
    assert world.reviews() == ["in-junk"]
    assert world.case()["assignee"] is None
    uid = max(world.mailbox.folders["Junk"].messages)
    world.mailbox.move("Junk", uid, "INBOX")
    world.turn()
    assert world.case()["assignee"] == "agent"
    assert world.reviews() == []


@pytest.mark.parametrize("to", ["INBOX", "OAC360/1 Pendents"])
def test_what_a_person_takes_out_of_junk_is_new_there(town: TOWN, to: str) -> None:
    world = town(now="2026-11-25 10:00", board={"enabled": True})
    form = (("Auto-Submitted", "auto-generated"),)
    junk(world)
    junk(
        world,
        PERE,
        "Nom: Pere Mas\nTelèfon: 612 345 678\nCorreu: pere@example.net\nMissatge: com demano la beca?",
        "Formulari de contacte",
        headers=form,
    )
    assert world.cases() == []
    for uid in list(world.mailbox.folders["Junk"].messages):
        world.mailbox.move("Junk", uid, to)
    world.sync()
    world.turn()
    assert world.kinds(ANNA) == ["ack"]
    assert len(world.cases()) + len([reason for reason in world.reviews() if "form" in reason]) >= 2
    assert "in-junk" not in world.reviews()
    (stored,) = world.rows("SELECT count(*) AS n FROM originals")
    assert stored["n"] >= 2


def test_what_a_person_puts_into_junk_is_the_same_message(world: World) -> None:
    world.citizen_asks(ANNA)
    world.mailbox.move("INBOX", 1, "Junk")
    world.turn()
    assert (world.received(AGENT, "in_junk"), len(world.cases()), world.kinds(ANNA)) == ([], 1, ["ack"])


def test_what_lay_in_junk_at_the_first_look_is_left_alone(world: World) -> None:
    for number in range(30):
        mail = world.message(f"antic{number}@example.org", "Consulta", ASKS)
        world.mailbox.append("Junk", as_bytes(mail), local("2026-11-03 10:00"))
    for file in world.config.office.state.glob("oacmail.db*"):
        file.unlink()
    world.restart()
    world.turn()
    assert (world.received(AGENT, "in_junk"), world.reviews()) == ([], [])
    junk(world)
    assert len(world.received(AGENT, "in_junk")) == 1


def test_a_flood_of_people_is_a_list_and_each_stands_in_the_summary(town: TOWN) -> None:
    world = town(now="2026-11-25 10:00", digest={"to": [AGENT]}, deadline={"digest_above": 3})
    for number in range(8):
        junk(world, f"veina{number}@example{number}.org", f"{ASKS} {'abcdefgh'[number]}", f"Beca {'abcdefgh'[number]}")
    world.live("2026-11-26 08:30")
    assert len(world.received(AGENT, "in_junk")) == 3
    listed = world.texts(AGENT, "notice_list")
    assert listed
    assert all("Moveu a la safata d'entrada els que siguin de persones." in text for text in listed)
    assert not any("Cas |" in text for text in listed)
    assert len(lines(digest_of(world))) == 8


def test_a_mailbox_without_a_junk_folder(tmp_path: Path) -> None:
    world = World(tmp_path, mailbox=SimulatedMailbox("INBOX", "Sent"))
    world.citizen_asks(ANNA)
    assert world.kinds(ANNA) == ["ack"]
    world.stop()


def test_people_of_unknown_hands_are_found_and_few_lines_are_junk(town: TOWN) -> None:
    """Labelled mail of writers that the weights do not know, none with a header field of a machine."""
    rows = [json.loads(line) for line in SEALED.read_text(encoding="utf-8").splitlines()]
    some = [row for row in rows if row["kind"] in ("request", "spam", "bulk")][::4]
    world = town(now="2026-11-25 10:00", digest={"to": []})
    kinds: dict[str, str] = {}
    for row in some:
        mail = world.message(row["from"], " ".join(row["subject"].split()), row["text"])
        world.deliver(mail, folder="Junk")
        kinds[str(mail["Message-ID"])] = row["kind"]
    world.turn()
    assert world.rows("SELECT count(*) AS n FROM messages") == [{"n": len(some)}]
    read = world.rows("SELECT message_id FROM messages JOIN reviews USING(fingerprint)")
    shown, there = Counter(kinds[row["message_id"]] for row in read), Counter(kinds.values())
    assert shown["request"] >= 0.98 * there["request"]
    assert shown["spam"] + shown["bulk"] <= 0.1 * (there["spam"] + there["bulk"])
    assert {row["recipient"] for row in world.rows("SELECT recipient FROM outbox")} <= {AGENT, OPERATOR}


def test_after_an_upgrade_junk_is_read_from_where_the_earlier_version_stopped(world: World) -> None:
    """Earlier versions watched the folder and read nothing there but our own mail."""
    for number in range(2):
        mail = world.message(f"antic{number}@example.org", "Consulta", ASKS)
        world.mailbox.append("Junk", as_bytes(mail), local("2026-11-24 10:00"))
    world.turn()
    seen = len(world.received(AGENT, "in_junk"))
    world.stop()
    with closing(connect(world.config.office.state / FILE)) as con:
        con.execute("DELETE FROM _sqlite_migrations WHERE name = 'm0017_junk_read_anew'")
        con.execute("DELETE FROM sightings WHERE folder = 'Junk'")
        con.execute("DELETE FROM messages WHERE folder = 'Junk'")
        ledger.begin(con, [SECRET])
    world.clock.forward(minutes=20)
    mail = world.message(PERE, "Beca", "Bon dia, fins quan puc demanar la beca de transport?")
    world.deliver(mail, folder="Junk")
    world.clock.forward(minutes=20)
    SqliteStore(world.config.office.state, [SECRET]).close()
    world.start()
    world.turn()
    (card,) = world.received(AGENT, "in_junk")[seen:]
    assert "beca de transport" in text_of(card)
    junk(world)
    assert len(world.received(AGENT, "in_junk")) == seen + 2
