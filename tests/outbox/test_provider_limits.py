"""A provider's own sending limits pace the outbox, or hold it until they end. No mail is lost or given up."""

from collections.abc import Callable

import pytest

from oacmail.cli.problems import described
from oacmail.core.errors import Transient
from oacmail.service import LONGEST_NAMED, Backoff, Outage
from oacmail.smtp import SmtpSettings, SmtpTransport
from testbed.relay import DeliveryOutcome, deferred, refused
from tests.fakes.relay import Relay
from tests.world import AGENT, ANNA, MARTA, OPERATOR, PERE, World, text_of

CITIZENS = (ANNA, PERE, MARTA)
DAY = "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message"
MINUTE = "432 4.3.2 Concurrent connections limit exceeded"


def _three_write(world: World, relay: Relay) -> None:
    world.delivery.transport = SmtpTransport(SmtpSettings(host="localhost", port=relay.port, security="none"))
    for who, what in zip(CITIZENS, ("el padró", "la beca", "la piscina"), strict=True):
        world.citizen_writes(who, f"Sobre {what}", f"Bon dia, com es demana {what}?")
    world.sync()


def _sends_until_all_are_gone(world: World, relay: Relay) -> tuple[Outage, list[tuple[str, float]]]:
    """Returns the outage, and what each pause was for."""
    outage = Outage("smtp")
    pauses: list[tuple[str, float]] = []
    while len(relay.mails) < len(CITIZENS):
        before = len(pauses)
        try:
            world.delivery.drain()
        except Transient as error:
            pauses.append((str(error), outage.failed(error)))
        world.clock.forward(seconds=pauses[-1][1] if len(pauses) > before else 60)
        assert len(pauses) < 20
    return outage, pauses


@pytest.mark.parametrize("verb", ["MAIL", "BODY"])
def test_a_limit_of_the_minute_paces_the_outbox(world: World, verb: str) -> None:
    with Relay({verb: [None, MINUTE]}) as relay:
        _three_write(world, relay)
        outage, ((said, pause),) = _sends_until_all_are_gone(world, relay)
        assert said.endswith("432 4.3.2 limit of a minute")
        assert 60 <= pause <= 63
        assert not outage.lasts, "one short pause is no outage"
        assert sorted(mail.recipients[0] for mail in relay.mails) == sorted(CITIZENS)
    assert {mail["state"] for mail in world.mails("ack")} == {"sent"}
    assert world.problems() == set()


@pytest.mark.parametrize("verb", ["RCPT", "BODY"])
def test_a_limit_of_the_day_holds_the_outbox_until_it_ends(world: World, verb: str) -> None:
    copy = [None] if verb == "RCPT" else []  # the office's own copy is a second RCPT
    with Relay({verb: [None, *copy, *([DAY, *copy] * 4)]}) as relay:
        _three_write(world, relay)
        outage, pauses = _sends_until_all_are_gone(world, relay)
        assert outage.lasts
        assert {said for said, _ in pauses} == {f"SMTP {verb.replace('BODY', 'DATA')}: 554 5.2.0 limit of a day"}
        assert len(pauses) == 4, "one mail is tried after each pause"
        assert all(300 <= pause <= 360 for _, pause in pauses)
        assert sorted(mail.recipients[0] for mail in relay.mails) == sorted(CITIZENS)
    assert {mail["state"] for mail in world.mails("ack")} == {"sent"}
    assert world.problems() == set()
    told = described("smtp", pauses[0][0])["text"]
    assert "the provider's limit of mails in a day is reached" in told
    assert "mail goes on by itself" in told


@pytest.mark.parametrize("verb", ["RCPT", "BODY"])
def test_a_limit_that_lasts_for_days_makes_no_mail_undeliverable(town: Callable[..., World], verb: str) -> None:
    world = town(smtp={"give_up_days": 1})
    with Relay({verb: [DAY] * 3}) as relay:
        _three_write(world, relay)
        world.clock.forward(hours=30)
        _sends_until_all_are_gone(world, relay)
    assert {mail["state"] for mail in world.mails("ack")} == {"sent"}


def test_what_a_relay_says_of_another_servers_limit_holds_up_one_mail_alone(world: World) -> None:
    other = "450 4.1.1 <x@example.org>: unverified address: host mx said: 421 Connection limit exceeded"
    with Relay({"RCPT": [other]}) as relay:
        _three_write(world, relay)
        world.delivery.drain()
        assert len(relay.mails) == 2


def test_a_pause_that_the_server_names_is_kept_each_time_and_not_longer_than_sensible() -> None:
    backoff = Backoff()
    pauses = [backoff.next(90.0, named=True) for _ in range(3)]
    assert all(90 <= pause <= 95 for pause in pauses)
    assert backoff.next(86_400.0, named=True) <= LONGEST_NAMED * 1.05


def test_a_short_pause_that_a_server_names_again_and_again_grows_to_a_minute() -> None:
    backoff = Backoff()
    pauses = [backoff.next(0.5, named=True) for _ in range(12)]
    assert pauses[0] < 1
    assert all(60 <= pause <= 63 for pause in pauses[-3:])


# A relay that refuses everybody is unhealthy itself: its refusals, permanent or not, lose no mail.

NO = (refused(550, "5.1.1"), refused(554, "5.7.1", "DATA"), deferred(450), deferred(451, "DATA"))


def _three_ask(world: World) -> None:
    for who, what in zip(CITIZENS, ("el padró", "la beca", "la piscina"), strict=True):
        world.citizen_asks(who, f"Sobre {what}", f"Bon dia, com es demana {what}?")
        world.clock.forward(seconds=10)


@pytest.mark.parametrize("outcome", NO, ids=lambda outcome: f"{outcome.code} at {outcome.at}")
def test_every_mail_leaves_once_when_everything_recovers(world: World, outcome: DeliveryOutcome) -> None:
    rule = world.relay.when(outcome)
    _three_ask(world)
    world.turn()
    assert "relay-refuses" in world.problems()
    assert [len(world.received(who)) for who in CITIZENS] == [0, 0, 0]
    world.live("2026-11-25 11:00", minutes=5)
    world.relay.remove(rule)
    world.live("2026-11-25 13:00", minutes=5)
    assert [world.kinds(who) for who in CITIZENS] == [["ack"]] * 3
    assert {mail["state"] for mail in world.mails("ack")} == {"sent"}
    assert world.kinds(OPERATOR) == ["alert"], "one, as soon as it could leave"
    assert "relay-refuses" not in world.problems()


def test_a_refused_citizen_and_a_refused_agent_are_enough_to_know(world: World) -> None:
    rule = world.relay.when(refused(554, "5.7.1"))
    world.citizen_asks(ANNA)
    world.turn()
    assert "relay-refuses" in world.problems()
    world.relay.remove(rule)
    world.live("2026-11-25 11:00", minutes=5)
    assert world.kinds(ANNA) == ["ack"]
    assert world.kinds(AGENT) == ["bounced"], "it was told before the relay gave itself away"


def test_three_dead_addresses_are_refused_for_good_once_the_relay_has_taken_a_mail(world: World) -> None:
    for who in CITIZENS:
        world.relay.when(refused(550, "5.1.1"), to=who)
    _three_ask(world)
    world.live("2026-11-25 13:00", minutes=5)
    assert {mail["state"] for mail in world.mails("ack")} == {"failed"}
    assert world.kinds(AGENT) == ["bounced"] * 3
    assert "relay-refuses" not in world.problems()


def test_domains_that_refuse_one_after_the_other_are_not_called_a_relay_that_refuses_everybody(
    town: Callable[..., World],
) -> None:
    world = town(now="2026-11-25 21:50")
    for who in CITIZENS:
        world.relay.when(refused(550, "5.7.1"), to=who)
    _three_ask(world)
    world.live("2026-11-25 22:10", minutes=5)
    (alert,) = world.received(OPERATOR, "alert")
    said = f"{alert['Subject']} {text_of(alert)}"
    assert "El servidor de sortida no ha acceptat cap dels últims correus, de dominis diferents" in said
    assert "tothom" not in said
    assert "tot queda" not in said
    assert "relay-refuses" not in world.problems(), "the relay has taken the alert"
