"""Orders by mail: where they stand. A proven agent's mail orders what its first lines say, and nothing else in it."""

from email.message import EmailMessage
from functools import partial

import pytest

from testbed.messages import MX
from tests.hostile.enemy import EVIL, smuggle
from tests.hostile.orders import ORDER, TECHNICIAN, Attack, attack, beginning, nothing_happened
from tests.orders.test_orders import late_case
from tests.work import calls
from tests.world import AGENT, ANNA, OFFICE, PASS, PERE, SUPERVISOR, World


def _typed(kind: str, *more: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return (("MIME-Version", "1.0"), ("Content-Type", kind), *more)


HTML = _typed("text/html; charset=utf-8")
MIXED = _typed('multipart/mixed; boundary="b"')
FORWARDED = "---------- Forwarded message ---------\nDe: Anna <anna@example.org>\nAssumpte: Hola\n\n" + ORDER
OUTLOOK = "De: Anna <anna@example.org>\nEnviat: dijous 26\nPer a: OAC\nAssumpte: Hola\n\n" + ORDER

PLACES: dict[str, Attack] = {
    "in quoted text": Attack(text="".join(f"> {line}\n" for line in ORDER.splitlines())),
    "below an attribution": Attack(text=f"El 26/11/2026, Anna va escriure:\n{ORDER}"),
    "in the signature": Attack(text=f"-- \n{ORDER}"),
    "below a sentence": Attack(text=f"Ja n'he parlat amb ella.\n{ORDER}"),
    "in a message forwarded inline": Attack(text=FORWARDED),
    "below the head that Outlook writes": Attack(text=OUTLOOK),
    "in a message forwarded as an attachment": Attack(
        fields=MIXED,
        text=f"--b\nContent-Type: message/rfc822\n\nFrom: anna@example.org\nSubject: Hola\n\n{ORDER}\n--b--\n",
    ),
    "in an attached text": Attack(
        fields=MIXED,
        text="--b\nContent-Type: text/plain\n\nVegeu el fitxer.\n--b\nContent-Type: text/plain\n"
        f'Content-Disposition: attachment; filename="ordres.txt"\n\n{ORDER}\n--b--\n',
    ),
    "in the subject": Attack(fields=(("Subject", "#tanca brossa"),), text="Ho deixo aquí."),
    "hidden in HTML": Attack(
        fields=HTML, text=f'<p style="display:none">#tanca brossa</p><p style="display: none">{ORDER}</p><p>Bon dia</p>'
    ),
    "hidden in HTML by its size": Attack(fields=HTML, text='<p style="font-size:0">#tanca brossa</p><p>Bon dia</p>'),
    "in a comment of HTML": Attack(fields=HTML, text="<!-- <p>#tanca brossa</p> --><p>Bon dia</p>"),
    "in the title of HTML": Attack(
        fields=HTML, text="<html><head><title>#tanca brossa</title></head><body><p>Bon dia</p></body></html>"
    ),
    "in a calendar invitation": Attack(
        fields=_typed("text/calendar; method=REQUEST; charset=utf-8"),
        text=f"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:#tanca brossa\nDESCRIPTION:\n{ORDER}END:VEVENT\nEND:VCALENDAR\n",
    ),
    "in S/MIME that is none": Attack(
        fields=_typed("application/pkcs7-mime; smime-type=enveloped-data", ("Content-Transfer-Encoding", "base64")),
        text="I3RhbmNhIGJyb3NzYQ0KI21ldQ0K",
    ),
    "in an out-of-office reply": Attack(fields=(("Auto-Submitted", "auto-replied"),)),
    "in an out-of-office reply of Outlook": Attack(fields=(("X-Autoreply", "yes"), ("Precedence", "auto_reply"))),
    "in a bounce": Attack(
        sender="",
        fields=(
            ("From", f"MAILER-DAEMON <{SUPERVISOR}>"),
            *_typed('multipart/report; report-type=delivery-status; boundary="b"', ("Auto-Submitted", "auto-replied")),
        ),
        text=f"--b\n\n{ORDER}\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nAction: delayed\n"
        f"Final-Recipient: rfc822; x@y.example\nStatus: 4.0.0\n--b--\n",
    ),
    "through a mailing list": Attack(
        fields=(
            ("List-Id", "<oac.town.example>"),
            ("List-Unsubscribe", "<mailto:x@town.example>"),
            ("Precedence", "list"),
        ),
        text=ORDER + "_____\nLlista de l'OAC: https://llistes.town.example/",
    ),
    "ten thousand lines": Attack(text="#tanca brossa\n" * 10_000),
    "a NUL in the verb": Attack(text=b"#tan\0ca brossa\n"),
    "direction marks in the verb": Attack(text="#\u202etanca brossa\n#ta\u2066nca brossa\u2069\n"),
    "zero-width characters in the verb": Attack(text="#ta\u200bnca brossa\n"),
    "Cyrillic in the verb": Attack(text="#t\u0430nca br\u043essa\nT\u0410NCA BR\u041eSSA\n"),
    "dotless and long letters in the verb": Attack(text="#\u017fpam\n#\uff03tanca\n#clo\u017fe spam\n"),
    "two days old": Attack(days=-2),
    "two days in the future": Attack(days=2),
    "without a Date": Attack(fields=(("Date", ""),)),
    "a Date that is none": Attack(fields=(("Date", "ahir al vespre"),)),
}


@pytest.mark.parametrize("name", PLACES)
def test_what_does_not_stand_on_top_of_a_fresh_mail_orders_nothing(world: World, name: str) -> None:
    mail = PLACES[name]
    attack(world, beginning(world, mail), mail)
    nothing_happened(world)


def test_the_lines_of_a_mail_are_not_read_again_for_each_of_its_orders(world: World) -> None:
    notice = late_case(world)
    long = "Una línia.\n" * 2_000
    one, forty = (calls(partial(attack, world, notice, Attack(text="#nota x\n" * n + long))) for n in (1, 40))
    few = calls(partial(attack, world, notice, Attack(text="#nota x\n" * 40)))
    assert len(world.events("ordered")) == 1 + 40 + 40
    assert forty < one + 2 * few


def test_a_signed_order_under_a_new_message_id_is_done_once(world: World) -> None:
    mail = Attack(text="#trucat\n")
    notice = beginning(world, mail)
    attack(world, notice, mail)
    assert len(world.events("ordered")) == 1
    world.order("reopen", world.case()["number"])
    before = world.mailbox.raws("INBOX")[-1]
    smuggle(world, _renamed(before), sender=SUPERVISOR, verdict=PASS)
    assert world.case()["status"] == "open"
    (event,) = world.events("order-refused")
    assert "repeated" in event["data"]


def _renamed(raw: bytes) -> bytes:
    """The mail below our exchanger's lines, with another Message-ID."""
    own = raw[raw.index(b"\r\nTo: ") + 2 :]
    return own.replace(b"Message-ID: <", b"Message-ID: <again.", 1)


def test_a_forwarded_notice_that_a_citizen_answers_is_her_message(world: World) -> None:
    mail = Attack(sender=ANNA, verdict="dmarc=pass header.from=example.org", text="#tanca\nJa no cal, gràcies.")
    notice: EmailMessage = beginning(world, mail)
    attack(world, notice, mail)
    nothing_happened(world)


# Orders by mail: who writes them. A name, an alias, a role or an earlier right is no proof.

LOGIN = f"from town.example (authenticated sender: {SUPERVISOR}) by {MX} (Postfix) with ESMTPSA id abc; now"
RESULT = f"{MX}; {PASS}"
OFFICE_PASS = f"dmarc=pass header.from={OFFICE.rpartition('@')[2]}"
EVIL_PASS = "dmarc=pass header.from=evil.example"

WRITERS: dict[str, Attack] = {
    "the agent's address, no verdict": Attack(verdict=""),
    "the agent's address, dmarc=none": Attack(verdict="dmarc=none header.from=town.example"),
    "the agent's address, dmarc=fail": Attack(verdict="dmarc=fail header.from=town.example"),
    "the agent's address, spf and dkim alone": Attack(verdict="spf=pass dkim=pass header.d=town.example"),
    "a pass for another domain": Attack(verdict=EVIL_PASS),
    "a result below our exchanger's line": Attack(verdict="", fields=(("Authentication-Results", RESULT),)),
    "an ARC result": Attack(verdict="", fields=(("ARC-Authentication-Results", f"i=1; {RESULT}"),)),
    "a login line below our exchanger's": Attack(verdict="", fields=(("Received", LOGIN),)),
    "two From fields, agent first": Attack(fields=(("From", SUPERVISOR), ("From", EVIL))),
    "two From fields, agent last": Attack(fields=(("From", EVIL), ("From", SUPERVISOR))),
    "two addresses in From": Attack(fields=(("From", f"{SUPERVISOR}, {EVIL}"),)),
    "an encoded From": Attack(fields=(("From", f"=?utf-8?q?{SUPERVISOR.replace('@', '=40')}?="),)),
    "a group": Attack(fields=(("From", f"cap: {SUPERVISOR};"),), cases=1),
    "a group of that name": Attack(fields=(("From", f"{SUPERVISOR}: {EVIL};"),), verdict=EVIL_PASS),
    "the address as a name": Attack(fields=(("From", f'"{SUPERVISOR}" <{EVIL}>'),), verdict=EVIL_PASS),
    "Sender": Attack(fields=(("From", EVIL), ("Sender", SUPERVISOR)), verdict=EVIL_PASS),
    "Reply-To": Attack(fields=(("From", EVIL), ("Reply-To", SUPERVISOR)), verdict=EVIL_PASS),
    "Resent-From": Attack(fields=(("From", EVIL), ("Resent-From", SUPERVISOR)), verdict=EVIL_PASS),
    "an alias of the agent": Attack(sender=SUPERVISOR.replace("@", "+casa@")),
    "a subdomain": Attack(sender=SUPERVISOR.replace("@", "@mail."), verdict="dmarc=pass header.from=mail.town.example"),
    "a look-alike domain": Attack(
        fields=(("From", "cap@tоwn.example"),), verdict="dmarc=pass header.from=xn--twn-fjc.example"
    ),
    "the citizen on her own case": Attack(sender=ANNA, verdict="dmarc=pass header.from=example.org"),
    "a stranger who was shown the notice": Attack(sender=PERE, verdict="dmarc=pass header.from=example.net"),
    "the technical services": Attack(sender=TECHNICIAN, people={"technical": [TECHNICIAN]}),
    "an agent who has left": Attack(sender=AGENT, people={"agents": [SUPERVISOR]}),
    "our own address": Attack(
        sender="oac360@castellbisbal.example", verdict="dmarc=pass header.from=castellbisbal.example"
    ),
    "our own address with a detail": Attack(
        sender="oac360+x@castellbisbal.example", verdict="dmarc=pass header.from=castellbisbal.example"
    ),
    "nobody": Attack(fields=(("From", ""),)),
}


@pytest.mark.parametrize("name", WRITERS)
def test_orders_of_an_unproven_writer_do_nothing(world: World, name: str) -> None:
    mail = WRITERS[name]
    attack(world, beginning(world, mail), mail)
    nothing_happened(world)


def test_the_true_agent_is_obeyed(world: World) -> None:
    """The counter-check of both tables."""
    mail = Attack()
    attack(world, beginning(world, mail), mail)
    assert world.case()["status"] == "closed"
