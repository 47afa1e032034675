"""A mail of ours returns with added text: a person's question is never lost, a relay's footer is no person.

The additions of a relay stand on its copies to everybody; a person redirects one mail and writes on top of it.
"""

import re
from collections.abc import Callable, Sequence
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from shutil import copytree, rmtree
from typing import Any
from urllib.parse import quote

import pytest

from oacmail.mail.parse import Answers, Parser, RawMessage
from testbed.messages import as_bytes, rewritten
from tests.world import ANNA, MARTA, PERE, World, text_of

TOWN = Callable[..., World]
Change = Callable[[str], str]
QUESTIONS = ("?", "Quan?", "هل؟", "👍", "No", "I si no tinc DNI?", "I el passaport, on es renova? " * 20)
FOOTER = "\n\n-- \nAquest missatge ha estat revisat per un antivirus el 25/11/2026 i no conté cap virus conegut.\n"


def _read(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def _changed(mail: EmailMessage, change: Change, *, encoding: str = "utf-8") -> bytes:
    """All fields as they were, the text changed: redirect, bounce, resend, a relay's filter."""
    return as_bytes(rewritten(mail, change(text_of(mail)).encode(encoding, "replace").decode(encoding)))


def _same(text: str) -> str:
    return text


def _on_top(question: str) -> Change:
    return lambda text: f"{question}\n\n{text}"


def _below(text: str) -> str:
    return text + FOOTER


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.splitlines())


def _forwarded(question: str) -> Change:
    return lambda text: f"{question}\n\n{_quoted(text)}"


class NotingParser(Parser):
    """Notes of each message whether it claims to be ours, and whether its features are read."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[tuple[bool, bool]] = []

    def ask(self, messages: Sequence[RawMessage]) -> Answers:
        self.noted += ((b"\nX-Oacmail: " in message.raw, message.with_features) for message in messages)
        return super().ask(messages)


def _redirected(world: World, raw: bytes) -> None:
    world.clock.forward(minutes=1)
    world.receive(_read(raw), sender=ANNA)


def _answered(world: World) -> EmailMessage:
    """Anna's acknowledgement, whose case an agent has answered since."""
    asked = world.citizen_asks(ANNA)
    world.clock.forward(minutes=5)
    world.agent_replies(asked)
    return world.received(ANNA)[0]


def _roles(world: World) -> list[str]:
    (case,) = [case for case in world.cases() if case["citizen"] == ANNA]
    return [message["role"] for message in case["messages"]]


def _copies_get(world: World, monkeypatch: pytest.MonkeyPatch, change: Change, *, encoding: str = "utf-8") -> None:
    """From now on a filter of the relay changes the copies to the office on their way."""
    append = world.mailbox.append

    def filtered(folder: str, raw: bytes, *rest: Any, **more: Any) -> int:
        mail = _read(raw)
        ours = folder == "INBOX" and mail["X-Oacmail"]
        return append(folder, _changed(mail, change, encoding=encoding) if ours else raw, *rest, **more)

    monkeypatch.setattr(world.mailbox, "append", filtered)


@pytest.mark.parametrize("shape", [_on_top, _forwarded])
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_of_any_length_on_top_of_our_mail_is_a_message(
    world: World, question: str, shape: Callable[[str], Change]
) -> None:
    _redirected(world, _changed(_answered(world), shape(question)))
    assert _roles(world) == ["citizen", "agent", "citizen"]
    assert world.reviews() == (["filed-thanks"] if question == "\U0001f44d" else [])


def test_a_call_that_is_asked_for_on_top_of_our_mail_is_promised(world: World) -> None:
    _redirected(world, _changed(_answered(world), _on_top("Truqueu-me al 612 345 678, a la tarda.")))
    assert world.rows("SELECT intent, phone, slot FROM cases") == [
        {"intent": "callback", "phone": "+34612345678", "slot": "afternoon"}
    ]


def test_the_features_of_our_copy_are_not_read_and_those_of_a_forged_one_are(world: World) -> None:
    world.intake.parsing = parsing = NotingParser()
    world.citizen_asks(ANNA)
    world.turn()
    assert set(parsing.noted) == {(False, True), (True, False)}
    (ack,) = world.received(ANNA)
    parsing.noted.clear()
    forged = rewritten(ack, text_of(ack))
    forged.replace_header("X-Oacmail", str(ack["X-Oacmail"]).replace("s=", "s=A"))
    world.receive(forged, sender=ANNA)
    assert parsing.noted == [(True, False), (True, True)]


def test_our_text_replaced_by_a_question_is_a_message(world: World) -> None:
    _redirected(world, _changed(_answered(world), lambda _: "I per al meu fill?"))
    assert _roles(world) == ["citizen", "agent", "citizen"]


def test_a_scan_added_to_our_mail_is_a_message(world: World) -> None:
    mail = _read(_changed(_answered(world), _same))
    mail.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="dni.pdf")
    _redirected(world, as_bytes(mail))
    assert _roles(world) == ["citizen", "agent", "citizen"]


@pytest.mark.parametrize(
    ("change", "encoding"),
    [
        (_same, "utf-8"),
        (lambda text: text.replace(" ", "\n"), "utf-8"),
        (_quoted, "utf-8"),
        (_same, "ascii"),
        (lambda text: text.encode().decode("latin-1"), "utf-8"),
    ],
    ids=["as it was", "wrapped", "quoted", "ascii", "mojibake"],
)
def test_our_copy_is_recognised_however_a_relay_wraps_and_encodes_it(
    world: World, monkeypatch: pytest.MonkeyPatch, change: Change, encoding: str
) -> None:
    _copies_get(world, monkeypatch, change, encoding=encoding)
    world.citizen_asks(ANNA)
    assert world.mail()["copied_at"] is not None
    assert world.reviews() == []
    assert len(world.received(ANNA)) == 1
    assert len(world.mailbox.folders["Sent"].messages) == 1


def _rewriting(target: str) -> Change:
    """A gateway that leads every link over itself; `{}` is the address that stood there."""
    return lambda text: re.sub(r"https?://[^\s>]+[^\s>.,]", lambda link: target.format(quote(link[0], safe="")), text)


GATEWAYS = {
    "safelinks": "https://eur01.safelinks.protection.outlook.com/?url={}&data=05%7C02%7C%7C0&sdata=q3%3D&reserved=0",
    "urldefense": "https://urldefense.com/v3/__{}__;!!Dk3z8A!ab_C9-x$",
    "opaque": "https://protect-eu.example/s/kQ2mC8qKDfz?domain=castellbisbal.example",
}


@pytest.mark.parametrize("gateway", GATEWAYS.values(), ids=GATEWAYS)
@pytest.mark.parametrize("beside", [_same, _quoted], ids=["", "quoted"])
def test_our_copy_is_recognised_behind_a_gateway_that_rewrites_links(
    world: World, monkeypatch: pytest.MonkeyPatch, gateway: str, beside: Change
) -> None:
    rewrite = _rewriting(gateway)
    _copies_get(world, monkeypatch, lambda text: beside(rewrite(text)))
    world.citizen_asks(ANNA)
    copy = text_of(_read(world.mailbox.raws("Sent")[0]))
    assert gateway.partition("{")[0] in copy
    assert world.mail()["copied_at"] is not None
    assert world.reviews() == []


@pytest.mark.parametrize("question", [*QUESTIONS[:3], "https://www.example.org/el-meu-document", "www.example.org"])
def test_a_question_or_a_link_on_a_mail_with_rewritten_links_is_a_message(world: World, question: str) -> None:
    rewrite = _rewriting(GATEWAYS["safelinks"])
    _redirected(world, _changed(_answered(world), lambda text: f"{question}\n\n{rewrite(text)}"))
    assert _roles(world) == ["citizen", "agent", "citizen"]
    assert world.reviews() == []


def test_a_relays_footer_is_looked_at_twice_and_known_from_then_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _copies_get(world, monkeypatch, _below)
    for number in range(6):
        world.clock.forward(minutes=1)
        world.citizen_asks(f"persona{number}@example.cat", f"Tràmit {'abcdef'[number]}")
    assert world.reviews() == ["our-mail-with-an-addition"] * 2
    assert {mail["state"] for mail in world.mails()} == {"sent"}
    assert all(mail["copied_at"] for mail in world.mails())
    assert len(world.cases()) == 6


def test_a_question_on_a_mail_that_has_the_relays_footer_is_a_message(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as relay:
        _copies_get(world, relay, _below)
        for sender in (MARTA, PERE, "nou@example.cat"):
            world.citizen_asks(sender, f"Tràmit de {sender[:3]}")
    _redirected(world, _changed(_answered(world), lambda text: "Quan?\n\n" + _below(text)))
    assert _roles(world) == ["citizen", "agent", "citizen"]


@pytest.mark.parametrize("question", QUESTIONS)
def test_after_a_restore_a_question_on_top_waits_for_a_person_and_is_not_lost(world: World, question: str) -> None:
    world.stop()
    backup = world.root / "backup"
    copytree(world.config.office.state, backup)
    world.start()
    world.citizen_asks(ANNA)
    (ack,) = world.received(ANNA)
    number = world.case()["number"]
    for uid in list(world.mailbox.folders["Sent"].messages):
        world.mailbox.expunge("Sent", uid)
    _restore(world, backup)
    _redirected(world, _changed(ack, _on_top(question)))
    assert world.reviews() == ["our-mail-with-an-addition"]
    assert len(world.received(ANNA)) == 1, "the signature proves that it has left"
    assert world.case()["number"] == number


def _restore(world: World, backup: Path) -> None:
    world.stop()
    rmtree(world.config.office.state)
    copytree(backup, world.config.office.state)
    world.start()


def test_where_no_copies_are_expected_what_comes_back_with_more_is_a_message(town: TOWN) -> None:
    world = town(smtp={"self_copy": False})
    _redirected(world, _changed(_answered(world), _on_top("Quan?")))
    assert _roles(world) == ["citizen", "agent", "citizen"]
