"""Refusals come home: a report finds the acknowledgement that it is about by the address that it comes to, is told at
its case, and nothing that comes to such an address is ever answered."""

from datetime import timedelta
from email.message import EmailMessage

import pytest

from oacmail.engine.watch import RefusalWatch
from oacmail.privacy.erasure import forget
from oacmail.store import connection, health
from testbed.messages import arrived, as_bytes, delivery_status
from testbed.office import NO_LIMITS
from testbed.relay import refused
from tests.outbox.test_outbox import TOWN
from tests.work import instructions
from tests.world import AGENT, ANNA, OFFICE, OPERATOR, PERE, SUPERVISOR, World, text_of

SAID = f"550 5.7.26 Unauthenticated email from castellbisbal.example, to <{ANNA}>, is not accepted"
PROSE = """Hi. This is the qmail-send program at mail.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<{to}>:
192.0.2.9 failed after I sent the message.
Remote host said: 550 5.7.1 message looks like spam, {to}
"""


@pytest.fixture
def world(town: TOWN) -> World:
    return town(smtp={"ack_envelope": "bounce"})


def _asked(world: World, person: str = ANNA) -> str:
    """The envelope sender of the acknowledgement that the person gets."""
    world.citizen_asks(person)
    (mail,) = [mail for mail in world.relay.accepted if mail.recipient == person]
    return mail.envelope_from


def _comes(world: World, mail: EmailMessage, to: str, sender: str = "") -> None:
    """By SMTP to this address of the office, which stands in To."""
    del mail["To"]
    mail["To"] = to
    raw = arrived(as_bytes(mail), sender, to, world.clock.true())
    world.mailbox.append("INBOX", raw, world.clock.now())
    world.turn()


def _report(world: World, to: str, *, returned: tuple[str, ...] = ("From",)) -> EmailMessage:
    ack = world.received(ANNA)[0]
    return delivery_status(ack, to, at=world.clock.now(), said=SAID, status="5.7.26", returned=returned)


def test_each_acknowledgement_leaves_under_an_address_of_its_own(world: World) -> None:
    first, second = _asked(world), _asked(world, PERE)
    assert first != second
    for sender in (first, second):
        assert sender.startswith("oac360+b.")
        assert len(sender.partition("@")[0]) <= 64


def test_without_plus_addresses_an_acknowledgement_leaves_under_the_null_sender(town: TOWN) -> None:
    assert _asked(town(smtp={"ack_envelope": "bounce"}, trust={"plus_addressing": False})) == ""


def test_a_report_that_returns_nothing_is_found_by_its_address(world: World) -> None:
    address = _asked(world)
    _comes(world, _report(world, address), address)
    ack = world.mail()
    assert (ack["state"], ack["last_error"]) == (
        "failed",
        "undelivered: 550 5.7.26 Unauthenticated email from castellbisbal[.]example, to <…>, is not accepted",
    )
    (notice,) = world.received(AGENT, "bounced")
    assert "Unauthenticated email" in text_of(notice)
    assert ANNA not in text_of(notice)
    assert "justificant" in text_of(notice)


def test_a_copy_that_comes_after_the_report_takes_none_of_its_words(world: World) -> None:
    world.relay.copies = "held"
    address = _asked(world)
    _comes(world, _report(world, address), address)
    said = world.mail()["last_error"]
    assert "Unauthenticated email" in said
    world.relay.release_copies()
    world.turn()
    ack = world.mail()
    assert ack["copied_at"] is not None
    assert (ack["state"], ack["last_error"]) == ("failed", said)


def test_a_report_in_prose_is_found_by_its_address(world: World) -> None:
    address = _asked(world)
    mail = world.message("MAILER-DAEMON@mail.example", "failure notice", PROSE.format(to=ANNA))
    _comes(world, mail, address)
    assert world.mail()["state"] == "failed"
    assert "550 5.7.1 message looks like spam" in world.mail()["last_error"]


def test_a_relay_that_gave_the_mail_another_id_does_not_hide_the_refusal(world: World) -> None:
    world.relay.rewrites = True
    address = _asked(world)
    _comes(world, _report(world, address, returned=("Message-ID", "From", "To")), address)
    assert world.mail()["state"] == "failed"


def _forged(address: str) -> str:
    """The same address with one character of its mark changed."""
    local, _, domain = address.partition("@")
    return f"{local[:-1]}{'a' if local[-1] != 'a' else 'b'}@{domain}"


@pytest.mark.parametrize(
    "forge", [_forged, lambda address: "oac360+b.@" + address.partition("@")[2], lambda address: OFFICE]
)
def test_a_report_to_a_forged_address_changes_nothing(world: World, forge: object) -> None:
    address = _asked(world)
    assert callable(forge)
    _comes(world, _report(world, address), forge(address))
    assert world.mail()["state"] == "sent"
    assert world.received(AGENT, "bounced") == []


def test_the_address_of_one_mail_says_nothing_of_another(world: World) -> None:
    address = _asked(world)
    _asked(world, PERE)
    _comes(world, _report(world, address), address)
    assert [mail["state"] for mail in world.mails("ack")] == ["failed", "sent"]


def test_twenty_reports_to_one_address_say_it_once(world: World) -> None:
    address = _asked(world)
    for _ in range(20):
        _comes(world, _report(world, address), address)
        world.clock.set(world.clock.now() + timedelta(minutes=1))
    assert len(world.received(AGENT, "bounced")) == 1
    assert len(world.events("undelivered")) == 1


def test_nothing_is_answered_to_what_comes_to_such_an_address(world: World) -> None:
    """An out-of-office goes to the envelope sender (RFC 3834 section 4), and many of them bear no mark."""
    address = _asked(world)
    sent = len(world.relay.accepted)
    for text in ("Sóc fora fins dilluns.", "Gràcies, hem rebut el vostre missatge.", "Com puc demanar hora?"):
        _comes(world, world.message(PERE, "Re: No puc signar", text), address, PERE)
        _comes(world, world.message(PERE, "Hola", text), _forged(address), PERE)
        world.clock.set(world.clock.now() + timedelta(minutes=1))
    assert [mail.recipient for mail in world.relay.accepted[sent:] if mail.recipient == PERE] == []


def test_what_a_person_seems_to_write_there_waits_for_an_agent(world: World) -> None:
    """A client that answers to the envelope sender loses nobody."""
    address = _asked(world)
    reply = world.message(ANNA, "", "D'acord, i quins papers he de dur dijous?", answers=world.received(ANNA)[0])
    _comes(world, reply, address, ANNA)
    assert world.reviews() == ["looks-automatic: auto_reply"]
    assert world.kinds(ANNA) == ["ack"]


def test_a_new_message_of_a_person_there_is_not_named_a_web_form(world: World) -> None:
    address = _asked(world)
    text = "Bon dia, no em deixa signar la instància amb el certificat. Què he de fer? Gràcies, Pere"
    _comes(world, world.message(PERE, "No puc signar", text), address, PERE)
    assert world.reviews() == ["to-our-envelope-sender"]
    assert [case["due_at"] for case in world.cases()] == ["2026-11-26T20:00:00+01:00"] * 2
    assert world.kinds(PERE) == []


def test_what_may_be_a_form_under_a_forged_mark_is_not_named_one(world: World) -> None:
    mail = world.message(PERE, "[Web] Consulta", "Referència 2211, butlletí mensual.")
    mail["Reply-To"] = "info@puig.example"
    _comes(world, mail, _forged(_asked(world)), PERE)
    assert world.reviews() == ["looks-automatic: auto_reply"]
    assert world.kinds(PERE) == []


def test_a_copy_to_such_an_address_makes_no_machine_of_a_person(world: World) -> None:
    address = _asked(world)
    mail = world.message(PERE, "Padró", "Bon dia, com demano un volant?")
    mail["Cc"] = address
    world.receive(mail)
    assert world.kinds(PERE) == ["ack"]


# --- told at the case, in the summary, by domain ------------------------------------------------------


def _refuses(
    world: World, people: int, domain: str = "refuses.example", *, said: str = "", status: str = "5.7.26"
) -> None:
    """So many people of the domain write, and their server refuses the acknowledgement in a report."""
    for number in range(people):
        person = f"veina{number}@{domain}"
        address = _asked(world, person)
        ack = world.received(person)[0]
        report = delivery_status(ack, address, at=world.clock.now(), said=said or SAID, status=status, returned=())
        _comes(world, report, address)


def _look(world: World) -> list[str]:
    """The problems after a look at the domains, and the alerts that follow in time."""
    RefusalWatch(world.engine).look()
    world.clock.set(world.clock.now() + timedelta(minutes=6))
    world.turn()
    return sorted(code for code in world.problems() if code.startswith("refused"))


def test_a_domain_that_refuses_three_people_is_an_alert_with_its_words(world: World) -> None:
    _refuses(world, 2)
    assert _look(world) == []
    _refuses(world, 3, "other.example")
    assert _look(world) == ["refused:other.example"]
    (alert,) = world.received(OPERATOR, "alert")
    text = text_of(alert)
    assert "other.example" in str(alert["Subject"])
    assert "3/3: undelivered: 550 5.7.26 Unauthenticated email" in text
    assert "veina" not in text


def test_one_mailbox_under_many_tags_is_one_person_whatever_its_reports_say(town: TOWN) -> None:
    world = town(smtp={"ack_envelope": "bounce"}, ack=NO_LIMITS)
    for person in ("anna@refuses.example", *(f"anna+{number}@refuses.example" for number in range(3))):
        address = _asked(world, person)
        report = delivery_status(
            world.received(person)[0], address, at=world.clock.now(), said=SAID, status="5.7.26", returned=()
        )
        _comes(world, report, address)
    assert [mail["state"] for mail in world.mails("ack")] == ["failed"] * 4
    assert _look(world) == []
    _refuses(world, 2)
    assert _look(world) == ["refused:refuses.example"]
    assert "3/3: undelivered" in "".join(world.texts(OPERATOR, "alert"))


def test_the_log_has_no_word_of_a_report_which_anybody_may_have_written(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    _refuses(world, 3, said="550 la meva filla Clara")
    assert _look(world) == ["refused:refuses.example"]
    assert "problem.degraded" in caplog.messages
    assert "Clara" not in str([line.args for line in caplog.records])


def test_a_domain_that_refuses_few_of_many_is_none(world: World) -> None:
    _refuses(world, 3)
    for number in range(10):
        world.citizen_asks(f"vei{number}@refuses.example")
    assert _look(world) == []


def test_mailboxes_that_do_not_exist_or_are_full_are_no_fault_of_the_domain(world: World) -> None:
    _refuses(world, 4, said="550 5.1.1 no such user")
    _refuses(world, 4, "full.example", said="552 5.2.2 over quota")
    _refuses(world, 4, "old.example", said="550 no such user", status="5.1.1")
    assert _look(world) == []
    _refuses(world, 3, "sender.example", said="550 5.1.8 sender rejected")
    assert _look(world) == ["refused:sender.example"]


def test_the_relay_that_refuses_a_domain_counts_like_its_reports(world: World) -> None:
    for number in range(3):
        person = f"veina{number}@refuses.example"
        world.relay.when(
            refused(554, "5.7.1", at="DATA", said=f"policy rejects {person}, see x.example/?u=pere%40b.example"),
            to=person,
        )
        world.citizen_asks(person)
    assert _look(world) == ["refused:refuses.example"]
    assert "3/3: DATA: 554 5.7.1: policy rejects …, see x[.]example/?u=…" in text_of(
        world.received(OPERATOR, "alert")[0]
    )


def test_it_ends_when_the_refusals_are_old(world: World) -> None:
    _refuses(world, 3)
    assert _look(world) == ["refused:refuses.example"]
    world.clock.set(world.clock.now() + timedelta(days=4))
    assert _look(world) == []


def test_nothing_names_the_domain_once_its_last_person_is_forgotten(world: World) -> None:
    _refuses(world, 3, "familia-puig.example")
    assert _look(world) == ["refused:familia-puig.example"]
    assert len(world.received(OPERATOR, "alert")) == 1
    for number in range(3):
        person = f"veina{number}@familia-puig.example"
        forget(world.store.con, world.policy, person, world.engine.now(), by="admin", even_open=True)
    assert _look(world) == []
    naming = [line for line in world.store.con.iterdump() if "familia-puig" in line]
    assert [line[:60] for line in naming] == []


def test_status_shows_the_rate_of_a_domain_and_names_none_of_a_single_person(world: World) -> None:
    _refuses(world, 3)
    _refuses(world, 1, "anna-puig.example")
    with connection.open_readonly(world.config.office.state) as con:
        (shown,) = health.refusals(con, world.clock.now())
    assert (shown["domain"], shown["refused"], shown["people"]) == ("refuses.example", 3, 3)


def test_the_summary_says_how_many_acknowledgements_did_not_arrive(town: TOWN) -> None:
    world = town(smtp={"ack_envelope": "bounce"}, digest={"to": [AGENT]})
    _refuses(world, 3)
    world.live("2026-11-26 08:30")
    digest = world.texts(AGENT, "digest")[-1]
    assert "3 justificants no han arribat: 1, 2, 3." in digest
    assert digest.count("el justificant no ha arribat") == 3
    world.live("2026-11-27 08:30")
    assert "justificants no han arribat" not in world.texts(AGENT, "digest")[-1]


def test_the_supervisor_reads_at_an_overdue_case_that_its_acknowledgement_did_not_arrive(world: World) -> None:
    _refuses(world, 1)
    world.live("2026-11-27 08:30")
    assert "El justificant no ha arribat a la persona" in world.texts(SUPERVISOR, "overdue")[0]


def test_an_acknowledgement_that_arrived_later_ends_that_word(world: World) -> None:
    asked = world.citizen_asks(ANNA)
    ack = world.received(ANNA)[0]
    world.bounce(ack)
    world.agent_replies(asked)
    world.citizen_asks(ANNA, f"Re: {ack['Subject']}", "I on ho porto?", answers=ack)
    assert world.kinds(ANNA) == ["ack", "ack"]
    world.live("2026-11-27 08:30")
    assert "El justificant no ha arribat" not in world.texts(SUPERVISOR, "overdue")[0]


def test_on_a_day_on_which_no_domain_refuses_no_mail_that_was_sent_is_read(world: World) -> None:
    def read() -> int:
        return instructions(
            world.store.con, lambda: health.refused_by_domain(world.store.con, world.clock.now()), each=1
        )

    for person in (ANNA, PERE):
        _asked(world, person)
    assert read()  # and the statement is compiled
    few = read()
    for number in range(12):
        _asked(world, f"vei{number}@example.org")
    assert read() == few


@pytest.mark.parametrize("text", ["És privat: em truques quan puguis?", "Sóc fora de l'oficina i tornaré el dia 15."])
@pytest.mark.parametrize("writer", [AGENT, OFFICE, PERE])
def test_what_a_person_writes_to_an_envelope_sender_is_looked_at_and_nobody_is_away_by_it(
    town: TOWN, writer: str, text: str
) -> None:
    """A stranger has named it in Reply-To: an agent's private answer goes there."""
    world = town(smtp={"ack_envelope": "bounce"}, people={"agents": [AGENT, SUPERVISOR]})
    address = _asked(world)
    _comes(world, world.message(writer, "Re: Una pregunta", text, to=address), address, sender=writer)
    assert world.reviews() in (["looks-automatic: auto_reply"], ["to-our-envelope-sender"])
    assert [mail for person in (AGENT, SUPERVISOR) for mail in world.received(person, "away")] == []
    assert "out-of-office" not in {row["rule"] for row in world.rows("SELECT rule FROM messages")}


def test_a_return_address_in_quotes_is_the_same(world: World) -> None:
    local, _, domain = _asked(world).partition("@")
    quoted = f'"{local}"@{domain}'
    _comes(world, _report(world, quoted), quoted)
    assert world.mail()["state"] == "failed"


def test_an_answer_in_sent_that_went_to_an_envelope_sender_of_ours_is_looked_at(world: World) -> None:
    address = _asked(world)
    world.see_in_sent(world.message(OFFICE, "Re: Una pregunta", "Bon dia, ja ho teniu.", to=address))
    assert world.reviews() == ["to-our-envelope-sender"]
