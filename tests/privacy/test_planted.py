"""One person in every place that a mail of theirs can reach, each with a word of its own; then they are forgotten, and
every byte is searched.

The mailbox lies on a Dovecot, which oacmail reads through its own adapter.
"""

import json
import re
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from oacmail.core.tokens import person_mark
from oacmail.engine.intake import TRIES
from oacmail.engine.ledger import read
from oacmail.privacy.erasure import forget
from oacmail.store.personal import decoded
from testbed.messages import as_bytes, delivery_status, message
from tests.e2e.test_strange_messages import _Stumbling
from tests.hostile.enemy import oacmail
from tests.orders.test_orders_of_calls import agent_writes
from tests.privacy.test_forgetting import _encodings
from tests.relayed import relayed_answers
from tests.servers.mail_servers import PASSWORD, MailServers
from tests.servers.ports import HOST
from tests.servers.served_mailbox import ServedMailbox
from tests.world import AGENT, ANNA, MARTA, OFFICE, PASS, PERE, SUPERVISOR, TECHNICAL, World

LEDGER = "oacmail"
PHONE = "612345678"
GUEST = "the reply of somebody in Cc"
SERVICES = "the reply of the services"
WORD = {
    "a message": "Torrentfonda",
    "its file": "Vilanoveta",
    "junk": "Canyameres",
    "quarantine": "Sallavinera",
    "a call noted by mail": "Figuerola",
    "a note by shell": "Matadepera",
    "orders about several cases": "Rocafonda",
    "an answer on a merged case": "Montmajor",
    "an enclosed forward": "Palaudaries",
    SERVICES: "Canovelles",
    "an answer that was sent on": "Gallifa",
    "a comment to the survey": "Bigues",
    "a report of a lost mail": "Ullastrell",
    "a draft": "Rellinars",
    "a summary": "Castellterç",
    GUEST: "Bellaterra",
}  # fmt: skip


@pytest.fixture
def world(town: Callable[..., World], mail_servers: MailServers) -> World:
    dovecot, user = mail_servers.dovecot, mail_servers.new_user("office")
    imap = {"host": HOST, "port": dovecot.imap_port, "user": user, "security": "none", "password_file": "password"}
    world = town(
        now="2020-01-08 09:00",  # long ago: the verbs ask the clock of this machine
        people={"agents": [AGENT], "technical": [TECHNICAL]},
        digest={"to": [AGENT]},
        survey={"enabled": True},
        privacy={"forget_mailbox": True},
        mailbox=ServedMailbox(dovecot, user),
        imap={**imap, "ledger": LEDGER},
    )
    (world.root / "password").write_text(PASSWORD)
    (world.root / "password").chmod(0o600)
    world.mailbox.create_folder("Drafts")
    world.turn()
    return world


def everywhere(world: World) -> None:
    """Plant each word."""
    me = f"Neus Puig <{ANNA}>"

    def say(place: str) -> str:
        return f"Sóc la Neus, {PHONE}: {WORD[place]}."

    # A message with a file, the note of an admin, an order mail about the cases of two people.
    asked = world.message(me, f"Padró {WORD['a message']}", say("a message"))
    asked["Cc"] = MARTA
    asked.add_attachment(WORD["its file"].encode(), "application", "pdf", filename=f"{WORD['its file']}.pdf")
    world.receive(asked, verdict="dmarc=pass header.from=example.org", sender=ANNA)
    first = str(world.case()["number"])
    world.citizen_asks(PERE, "Escola", "Hi ha plaça a l'escola?")
    text = f"Jo també. {WORD[GUEST]}\n\nNeus Puig <{ANNA}> va escriure:\n> Sóc la Neus"
    world.citizen_asks(MARTA, "Re: Padró", text, answers=world.received(ANNA)[0])
    oacmail(world, "case", "note", first, say("a note by shell"))
    agent_writes(world, f"1 NOTA: la senyora {say('orders about several cases')}\n2 NOTA: demà torna")
    # Another case of hers is merged into somebody else's; its answer goes to her.
    merged = world.citizen_asks(ANNA, "Rebuts", f"Com pago els rebuts? {say('a message')}")
    world.order("merge", world.cases()[-1]["number"], into="OAC-2020-000002")
    world.agent_replies(merged, f"Bon dia, {say('an answer on a merged case')}")
    # A colleague's forward, a call, a derived case and the services' reply.
    wrapper = world.message(AGENT, "RV: una consulta", f"Us envio el de {say('an enclosed forward')}")
    wrapper.add_attachment(world.message(me, "Una consulta", f"Com ho faig? {say('a message')}", to=AGENT))
    world.receive(wrapper, verdict=PASS)
    forwarded = world.cases()[-1]["number"]
    agent_writes(world, f"#trucada Neus Puig, {PHONE}: {WORD['a call noted by mail']}")
    world.obey("escalate", first)
    (notice,) = [mail for mail in world.received(TECHNICAL) if mail["X-Oacmail-Case"] == first]
    text = f"Parleu amb la usuària. {say(SERVICES)}"
    world.receive(world.message(TECHNICAL, f"Re: {notice['Subject']}", text, answers=notice), verdict=PASS)
    # What lies aside: junk, what cannot be processed, a report of a mail that did not reach her.
    world.receive(world.message(me, "Beca", say("junk")), folder="Junk")
    set_aside(world, world.message(me, "Beca", say("quarantine")))
    (ack, *_) = world.received(ANNA)
    report = delivery_status(
        ack,
        OFFICE,
        at=world.clock.now(),
        said=f"550 {WORD['a report of a lost mail']}",
        returned=("Message-ID", "Subject"),
    )
    world.receive(report, sender="")
    # Late answers: one by a draft, one through the address in a notice.
    world.live("2020-01-10 09:00")
    late = [mail for mail in world.received(SUPERVISOR) if mail["X-Oacmail-Case"] == forwarded]
    answer = relayed_answers.mail(world, late[0], f"Bon dia, {say('an answer that was sent on')}")
    relayed_answers.send(world, answer)
    world.citizen_asks(ANNA, f"Llicència {WORD['a draft']}", f"Com demano la llicència? {say('a draft')}")
    agent_writes(world, f"{world.cases()[-1]['number']} ESBORRANY")
    assert [str(message_from_bytes(raw)["To"]) for raw in world.mailbox.raws("Drafts")] == [ANNA]
    # Surveyed, and a comment; thanks, which a summary quotes.
    world.live("2020-02-10 09:00", minutes=480)
    survey = next(mail for mail in world.received(ANNA) if mail["X-Oacmail-Kind"] == "survey")
    world.citizen_asks(ANNA, f"Re: {survey['Subject']}", f"2, {say('a comment to the survey')}", answers=survey)
    world.citizen_asks(ANNA, "Re: Padró", f"Moltes gràcies de part de la {WORD['a summary']}!", answers=asked)
    world.live("2020-02-11 09:00")


def set_aside(world: World, mail: EmailMessage) -> None:
    """Our own code stumbles over it."""
    right = world.engine.renderer
    world.engine.renderer = _Stumbling(right, ANNA)
    world.deliver(mail, verdict="dmarc=pass header.from=example.org", sender=ANNA)
    for _ in range(TRIES):
        world.sync()
    world.engine.renderer = right
    assert world.rows("SELECT 1 FROM sightings WHERE error LIKE 'could not%'")


def left(world: World, words: Mapping[str, str]) -> set[tuple[str, str]]:
    """(place, file or folder) of each word that is found in the files of the town and in every folder."""
    found = set()
    files = [path for path in world.root.rglob("*") if path.is_file()]
    stored = {str(path.relative_to(world.root)): path.read_bytes() for path in files}
    letters = {
        f"{folder} {uid}": message.raw + "\n".join(decoded(message.raw)).encode()
        for folder, box in world.mailbox.folders.items()
        for uid, message in box.messages.items()
    }
    for name, raw in {**stored, **letters}.items():
        both = raw + raw.lower()
        found |= {(place, name) for place, word in words.items() if any(one in both for one in _encodings(word))}
    return found


PLACES = {**WORD, "address": ANNA, "telephone number": PHONE}


def forgets(world: World, *options: str) -> tuple[str, dict[str, Any]]:
    """The person by both of their addresses; what was said, and the certificate of the second."""
    for who in (f"+34{PHONE}", ANNA):
        done = oacmail(world, "forget", who, "--even-open", "--yes", *options)
        assert done.exit_code == 0, done.output
    (path,) = re.findall(r"certificate for the data protection officer is (\S+\.txt)", done.output)
    world.clock.forward(minutes=11)
    world.turn()  # the mailbox gets the ledger anew
    return done.output, json.loads(Path(path).with_suffix(".json").read_text())


def test_nothing_is_left_of_a_person_in_any_place(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    everywhere(world)
    world.store.con.execute("PRAGMA wal_checkpoint")
    planted = left(world, PLACES)
    assert {place for place, _ in planted} == PLACES.keys()
    assert {folder for _, folder in planted} >= {"state/oacmail.db", "state/oacmail.db-wal"}
    backup = world.root / "backups" / "monday"
    backup.parent.mkdir()
    assert oacmail(world, "backup", str(backup)).exit_code == 0
    told, certificate = forgets(world, "--mailbox", "--backups", str(backup.parent))
    # What another person wrote stays, and is named; nothing else is left, wherever one looks.
    (line,) = [line for line in told.splitlines() if line.startswith("names this person too")]
    assert "message of somebody else: INBOX" in line
    assert {place for place, _ in left(world, PLACES)} == {GUEST, "address"}
    assert {place for place, where in left(world, PLACES) if "INBOX" not in where} == set()
    bodies = read(world.mailbox, LEDGER, world.policy.secrets).bodies
    pieces = "".join(zlib.decompress(body).decode() for body in bodies)
    assert "OAC-2020-000002" in pieces
    assert [word for word in (*PLACES.values(), *marks(world)) if word in pieces] == []
    assert [word for word in PLACES.values() if word in capsys.readouterr().out.replace(told, "")] == []
    # The certificate says so, and other people's cases go on.
    assert certificate["shared"] == {"INBOX": 1}
    assert certificate["mailbox"].keys() == {"Drafts", "INBOX", "Junk", "Sent"}
    assert [backup["erased"] for backup in certificate["backups"]] == [True]
    assert "stays open: OAC-2020-000002" in told
    world.compare = True
    world.turn()
    assert "quarantine" not in world.problems()
    assert world.case("OAC-2020-000002")["status"] == "open"
    assert {case["citizen"].partition("@")[2] for case in world.cases()} == {"invalid", "example.net"}


def marks(world: World) -> list[str]:
    return [f"~{person_mark(key, who)[:32]}" for key in world.policy.secrets for who in (ANNA, f"tel:+34{PHONE}")]


def test_what_a_first_erasure_left_in_the_mailbox_is_found_by_a_later_one(world: World) -> None:
    everywhere(world)
    _, first = forgets(world)
    assert (first["mailbox"], first["before"]) == (None, [])
    kept = left(world, PLACES)
    assert {where for _, where in kept if where.startswith("state")} == set()
    # Meanwhile an agent has tidied up: the colleague's forward lies in a folder that nobody watches.
    world.mailbox.create_folder("Arxiu")
    (uid,) = [int(where.split()[1]) for place, where in kept if place == "an enclosed forward"]
    world.mailbox.move("INBOX", uid, "Arxiu")
    told, second = forgets(world, "--mailbox")
    assert {place for place, _ in left(world, PLACES)} == {GUEST, "address"}
    assert second["erased"] == {}
    assert second["mailbox"].keys() == {"Arxiu", "Drafts", "INBOX", "Junk", "Sent"}
    assert second["before"] == [first["at"]]
    assert f"Supressions anteriors: {first['at']}" in told


def test_a_mail_from_before_the_service_leaves_no_hash_of_its_head(world: World) -> None:
    """Without a Message-ID it is one of the address and the time, which can be guessed."""
    world.stop()
    for file in world.config.office.state.glob("oacmail.db*"):
        file.unlink()
    at = world.clock.now() - timedelta(days=30)
    mail = message(f"Neus Puig <{ANNA}>", OFFICE, "Padró", "Com m'empadrono?", at=at)
    del mail["Message-ID"]
    world.mailbox.append("INBOX", as_bytes(mail), at)
    world.start()
    world.compare = True
    world.turn()
    assert len(world.rows("SELECT 1 FROM sightings WHERE identity <> ''")) == 1
    done = oacmail(world, "forget", ANNA, "--mailbox", "--yes")
    assert (done.exit_code, "- INBOX: 1" in done.output) == (0, True), done.output
    assert world.rows("SELECT 1 FROM sightings WHERE identity <> ''") == []


def test_an_erasure_that_ended_before_the_mailbox_goes_on_there(world: World) -> None:
    everywhere(world)
    who = f"tel:+34{PHONE}"
    counts = [
        forget(world.store.con, world.policy, one, datetime.now(UTC), by="root", even_open=True).counts
        for one in (who, ANNA)
    ]
    _, certificate = forgets(world, "--mailbox")
    assert certificate["erased"] == counts[1]
    assert {place for place, _ in left(world, PLACES)} == {GUEST, "address"}
