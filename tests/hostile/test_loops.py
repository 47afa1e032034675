"""Loops: two machines that answer each other come to rest, whatever the other one is and however it hides."""

from collections.abc import Callable
from email.message import EmailMessage

import pytest

from testbed.messages import arrived, as_bytes
from tests.hostile.enemy import outcomes, slip_in, smuggle
from tests.world import AGENT, ANNA, OFFICE, OPERATOR, SUPERVISOR, World, text_of

ROUNDS = 30
Answer = Callable[[World, EmailMessage, int], EmailMessage]


def _plain(world: World, to: EmailMessage, number: int) -> EmailMessage:
    return world.message(ANNA, "Hem rebut la vostra sol·licitud", "La tramitarem aviat.")


def _numbered(world: World, to: EmailMessage, number: int) -> EmailMessage:
    return world.message(ANNA, f"[#{4000 + number}] Tiquet obert", f"El vostre tiquet és {4000 + number}.")


def _varied(world: World, to: EmailMessage, number: int) -> EmailMessage:
    return world.message(ANNA, f"Assumpte {'abcdefghijklmnopqrstuvwxyzABCDEF'[number] * 5}", "Rebut. " * number)


def _quoting(world: World, to: EmailMessage, number: int) -> EmailMessage:
    quote = "\n".join(f"> {line}" for line in text_of(to).splitlines())
    return world.message(ANNA, f"RE: {to['Subject']}", f"Gràcies pel missatge {number}!\n\n{quote}")


def _threaded(world: World, to: EmailMessage, number: int) -> EmailMessage:
    return world.message(ANNA, "", f"Sóc fora, torno el dia {number}. Voleu res?", answers=to)


def _redirecting(world: World, to: EmailMessage, number: int) -> EmailMessage:
    """Sends whatever it gets back to its sender, unchanged."""
    return to


ROBOTS: dict[str, Answer] = {
    "always the same": _plain,
    "with a number of its own": _numbered,
    "never the same": _varied,
    "quoting us": _quoting,
    "in our thread": _threaded,
    "sending our own mail back": _redirecting,
}


@pytest.mark.parametrize("name", ROBOTS)
def test_a_robot_without_a_mark_that_answers_every_mail_comes_to_rest(world: World, name: str) -> None:
    world.citizen_asks(ANNA)
    seen = 0
    for number in range(ROUNDS):
        box = world.received(ANNA)
        if len(box) == seen:
            break
        seen = len(box)
        smuggle(world, as_bytes(ROBOTS[name](world, box[-1], number)), sender=ANNA)
    assert seen <= 1 + world.policy.budgets.per_address_hour  # the first is proven, and has a share of its own
    assert None not in outcomes(world)


def test_a_robot_that_never_repeats_itself_gets_no_more_than_a_persons_day(world: World) -> None:
    world.citizen_writes(ANNA)
    seen = 0
    for hour in range(9, 23):
        for _ in range(4):
            world.turn()
            if len(world.received(ANNA)) > seen:
                seen = len(world.received(ANNA))
                slip_in(world, as_bytes(_varied(world, world.received(ANNA)[-1], hour)), sender=ANNA)
        world.advance(f"2026-11-25 {hour:02}:59")
    assert len(world.received(ANNA)) <= world.policy.budgets.per_address_day


def test_a_robot_with_a_new_sender_each_time_stays_within_its_domain(world: World) -> None:
    """SRS-like senders: no address is ever seen twice (freescout#688)."""
    world.citizen_writes("bounce+0@robot.example", "Tiquet", "Rebut.")
    for number in range(1, 60):
        world.turn()
        if world.received(f"bounce+{number - 1}@robot.example"):
            mail = world.message(f"bounce+{number}@robot.example", "Tiquet", "Rebut.")
            slip_in(world, as_bytes(mail), verdict="dmarc=pass header.from=robot.example")
    sent = [address for address, box in world.relay.inboxes.items() if "robot" in address and box]
    assert len(sent) <= world.policy.budgets.per_domain_hour


def test_a_robot_that_answers_under_changing_names_with_our_subject_gets_one_mail(world: World) -> None:
    world.citizen_asks("bot+0@robot.example")
    for number in range(1, 20):
        box = world.received(f"bot+{number - 1}@robot.example")
        if not box:
            break
        mail = world.message(f"bot+{number}@robot.example", f"Re: {box[-1]['Subject']}", f"Ok {number}?")
        smuggle(world, as_bytes(mail), verdict="dmarc=pass header.from=robot.example")
    sent = [address for address, box in world.relay.inboxes.items() if "robot" in address and box]
    assert sent == ["bot+0@robot.example"]
    assert world.reviews() == ["echoes-our-mail"]
    assert [case["due_at"] for case in world.cases()] == ["2026-11-26T20:00:00+01:00"] * 2


def test_a_colleague_who_answers_a_forwarded_acknowledgement_with_a_request_gets_one(world: World) -> None:
    world.citizen_asks("anna@fusteria.example")
    token = str(world.received("anna@fusteria.example")[0]["Subject"]).partition("]")[0] + "]"
    asks = "I jo, com demano la llicència d'obres?"
    mail = world.message("pau@fusteria.example", f"Llicència {token}", asks)
    smuggle(world, as_bytes(mail), verdict="dmarc=pass header.from=fusteria.example")
    assert len(world.received("pau@fusteria.example")) == 1
    assert world.reviews() == []


def test_a_robot_with_our_token_under_its_own_subject_and_ever_new_names_gets_two_mails(world: World) -> None:
    """A ticket system: each mail has a subject and a name of its own, carries our token, and has no mark."""
    world.citizen_asks("tiquet+0@robot.example")
    token = str(world.received("tiquet+0@robot.example")[0]["Subject"]).partition("]")[0] + "]"
    for number in range(1, 30):
        subject = f"{'abcdefghijklmnopqrstuvwxyzABCDEF'[number] * 5} {token}"
        mail = world.message(f"t{number}@mail.robot.example", subject, f"Obert el tiquet {number}?")
        smuggle(world, as_bytes(mail), verdict="dmarc=pass header.from=mail.robot.example")
        world.clock.forward(minutes=10)
    assert [address for address, box in world.relay.inboxes.items() if "@mail.robot" in address and box] == [
        "t1@mail.robot.example"
    ]
    assert set(world.reviews()) == {"answers-us-from-its-domain"}


def test_our_text_sent_back_by_a_stranger_is_not_acknowledged(world: World) -> None:
    world.citizen_asks(ANNA)
    (ack,) = world.received(ANNA)
    mail = world.message("bot@robot.example", "Resposta", text_of(ack))
    smuggle(world, as_bytes(mail), verdict="dmarc=pass header.from=robot.example")
    assert world.received("bot@robot.example") == []
    assert world.reviews() == ["echoes-our-mail"]
    assert len(world.cases()) == 2


MARKS: dict[str, tuple[tuple[str, str], ...]] = {
    "RFC 3834": (("Auto-Submitted", "auto-replied"),),
    "vacation": (("Auto-Submitted", "auto-replied (vacation)"), ("Precedence", "bulk")),
    "Outlook": (("X-Auto-Response-Suppress", "All"), ("X-MS-Exchange-Generated-Message-Source", "Mailbox Rules Agent")),
    "old procmail": (("X-Loop", ANNA), ("Precedence", "junk")),
    "a list": (("List-Id", "<veins.example.org>"), ("Precedence", "list")),
}


@pytest.mark.parametrize("name", MARKS)
def test_a_vacation_notice_ends_the_talk(world: World, name: str) -> None:
    world.citizen_asks(ANNA)
    for _ in range(5):
        ack = world.received(ANNA)[-1]
        notice = world.message(ANNA, f"Automatic reply: {ack['Subject']}", "Sóc fora.", headers=MARKS[name])
        smuggle(world, as_bytes(notice), sender="")
    assert len(world.received(ANNA)) == 1
    assert len(world.cases()) == 1


def test_a_list_that_rewrites_from_and_returns_our_acknowledgement_gets_no_other(world: World) -> None:
    """A list is written to us in the name of its member, sends our mail to all members, us among them."""
    lista = "veins@list.example"
    world.citizen_asks(lista, "Obres al carrer", "Quan s'acaben les obres?")
    for number in range(5):
        ack = world.received(lista)[-1]
        back = world.message(lista, f"[veins] {ack['Subject']}", f"{text_of(ack)}\n-- \nllista {number}", to=lista)
        smuggle(world, as_bytes(back), sender=lista)
    assert len(world.received(lista)) == 1
    assert len(world.cases()) == 1


@pytest.mark.parametrize("who", [SUPERVISOR, OPERATOR, AGENT])
@pytest.mark.parametrize("marked", [True, False], ids=["marked", "unmarked"])
@pytest.mark.parametrize("proven", [True, False], ids=["proven", "unproven"])
def test_the_autoresponder_of_an_escalation_address_is_no_answer_and_no_loop(
    world: World, who: str, marked: bool, proven: bool
) -> None:
    world.citizen_asks(ANNA)
    world.turn_at("2026-11-27 08:00")
    seen = 0
    headers = MARKS["RFC 3834"] if marked else ()
    verdict = f"dmarc=pass header.from={who.partition('@')[2]}" if proven else ""
    for number in range(10):
        escalation = (world.received(who) or world.received(SUPERVISOR))[-1]
        notice = world.message(who, "", f"Sóc fora {number}.", answers=escalation, headers=headers)
        smuggle(world, as_bytes(notice), sender="" if marked else who, verdict=verdict)
        seen = max(seen, len(world.received(who)))
    assert seen <= 2
    assert world.case()["answered_at"] is None
    assert world.case()["status"] == "open"


def test_an_escalation_that_is_forwarded_back_to_our_mailbox_is_ours_and_ends_there(world: World) -> None:
    """The supervisor's address is an alias that leads here: our own mail is known by its mark."""
    world.citizen_asks(ANNA)
    world.turn_at("2026-11-27 08:00")
    returned = 0
    for _ in range(5):
        for mail in world.received(SUPERVISOR)[returned:]:
            returned += 1
            world.mailbox.append(
                "INBOX", arrived(as_bytes(mail), OFFICE, OFFICE, world.clock.true()), world.clock.now()
            )
        world.turn()
    assert returned == 1
    assert len(world.cases()) == 1
    assert world.case()["status"] == "open"
    world.turn_at("2026-11-30 08:00")
    assert len(world.received(OPERATOR)) == 1  # the next level goes to another address


def test_an_escalation_forwarded_back_without_its_mark_opens_no_case(world: World) -> None:
    """A forwarder that makes a new mail of it keeps our From, or writes its own."""
    world.citizen_asks(ANNA)
    world.turn_at("2026-11-27 08:00")
    (escalation,) = world.received(SUPERVISOR)
    for sender in (OFFICE, SUPERVISOR):
        mail = world.message(sender, f"Fwd: {escalation['Subject']}", text_of(escalation))
        slip_in(world, as_bytes(mail), sender=sender)
    world.turn()
    assert len(world.cases()) == 1
    assert world.case()["answered_at"] is None
    assert len(world.received(SUPERVISOR)) <= 2
