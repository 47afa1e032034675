"""Which number a case gets whose mails are partly gone when the database is made anew."""

from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

from testbed.messages import as_bytes
from tests.board.test_board import CLOSED, MINE, OPEN, move
from tests.rebuild.rebuilding import expunge, lose, rebuild
from tests.world import ANNA, MARTA, OFFICE, PERE, World, local

TOWN = Callable[..., World]


def test_a_case_of_which_no_mail_tells_gets_the_number_between_its_neighbours_or_one_above_all(world: World) -> None:
    for sender, subject in ((ANNA, "Padró"), (PERE, "Beca"), (MARTA, "Pista"), ("nou@example.cat", "Targeta")):
        world.citizen_asks(sender, subject, f"Una consulta sobre: {subject}, si us plau?")
        world.clock.forward(minutes=10)
    for folder, text in (("Sent", b"To: marta@example.com"), ("INBOX", b"sobre: Pista")):
        expunge(world, folder, text)
    for sender, at in (("tard@example.cat", "09:15"), ("encara@example.cat", "09:16")):
        mail = world.message(sender, "Tard", f"Una consulta de {sender[:4]}, si us plau?")
        world.mailbox.append("INBOX", as_bytes(mail), local(f"2026-11-25 {at}"))
    lose(world)
    report = rebuild(world)
    numbers = {case["citizen"]: case["number"][-1] for case in world.cases()}
    assert numbers == {
        ANNA: "1",
        PERE: "2",
        "tard@example.cat": "3",
        "nou@example.cat": "4",
        "encara@example.cat": "5",
    }
    assert report.by_order == ("OAC-2026-000003", "OAC-2026-000005")
    world.citizen_asks(MARTA, "Una altra", "Es pot pagar l'IBI a terminis, si us plau?")
    assert world.cases()[-1]["number"] == "OAC-2026-000006"


def test_a_number_below_the_first_that_a_mail_names_may_have_been_a_deleted_cases_and_is_not_given(
    world: World,
) -> None:
    world.citizen_asks(PERE, "Beca", "On es demana la beca?")
    world.mailbox.refused = {"INBOX"}
    world.citizen_writes(MARTA, "Pista", "Com es reserva la pista?")
    world.clock.forward(minutes=10)
    world.citizen_writes(ANNA, "Rebut", "Com puc canviar el compte del rebut?", dmarc="fail")
    world.clock.forward(minutes=10)
    world.mailbox.refused = set()
    world.turn()
    numbers = [(case["citizen"], case["number"]) for case in world.cases()]
    for folder, text in (("Sent", b"To: pere@example.net"), ("INBOX", b"From: pere@example.net")):
        expunge(world, folder, text)
    lose(world)
    rebuild(world)
    assert [(case["citizen"], case["number"]) for case in world.cases()] == numbers[1:]


def test_a_number_of_which_only_a_later_notice_tells_is_kept(world: World) -> None:
    for sender, subject in ((ANNA, "Padró"), (PERE, "Beca"), (MARTA, "Pista")):
        world.citizen_asks(sender, subject, f"Una consulta sobre: {subject}, si us plau?")
        world.clock.forward(minutes=10)
    world.obey("escalate", "OAC-2026-000002")
    sent = world.mailbox.folders["Sent"].messages
    (ack,) = [uid for uid, one in sent.items() if b"k=ack:" in one.raw and b"To: pere@example.net" in one.raw]
    world.mailbox.expunge("Sent", ack)
    states = [(case["number"], case["citizen"], case["status"], case["due_at"]) for case in world.cases()]
    lose(world)
    report = rebuild(world)
    assert [(case["number"], case["citizen"], case["status"], case["due_at"]) for case in world.cases()] == states
    assert (report.proven, report.by_order) == (3, ())


def test_a_number_of_which_no_mail_tells_lies_between_those_that_were_given_when_its_message_was_read(
    world: World,
) -> None:
    """Marta's message, which a person has moved into INBOX, is the oldest and was read last."""
    world.citizen_asks(PERE, "Beca", "On es demana la beca?")
    world.clock.forward(minutes=10)
    world.citizen_asks(ANNA, "Rebut", "Com puc canviar el compte del rebut?", dmarc="fail")
    world.clock.forward(minutes=10)
    for sender, at in ((MARTA, "08:30"), ("nou@example.cat", "09:25")):
        mail = world.message(sender, "Pista", "Com es reserva la pista, si us plau?")
        world.mailbox.append("INBOX", as_bytes(mail), local(f"2026-11-25 {at}"))
        world.turn()
    numbers = [(case["citizen"], case["number"]) for case in world.cases()]
    assert (len(numbers), world.received(ANNA)) == (4, [])
    lose(world)
    rebuild(world)
    assert [(case["citizen"], case["number"]) for case in world.cases()] == numbers


def test_of_two_numbers_side_by_side_a_later_acknowledgement_tells_the_first_and_no_mail_the_second(
    world: World,
) -> None:
    world.citizen_asks(PERE, "Beca", "On es demana la beca?")
    world.clock.forward(minutes=10)
    question = world.citizen_asks(MARTA, "Pista", "Com es reserva la pista?")
    world.clock.forward(minutes=10)
    world.citizen_asks(ANNA, "Rebut", "Com puc canviar el compte del rebut?", dmarc="fail")
    world.clock.forward(hours=3)
    world.citizen_asks("nou@example.cat", "Targeta", "Com puc renovar la targeta de la biblioteca?")
    world.agent_replies(question)
    world.live("2026-11-26 10:00")
    world.citizen_asks(MARTA, "", "I la pista coberta, com es reserva?", answers=question)
    _lose_her_first_acknowledgement(world)
    numbers = [(case["citizen"], case["number"]) for case in world.cases()]
    assert [citizen for citizen, _ in numbers] == [PERE, MARTA, ANNA, "nou@example.cat"]
    lose(world)
    report = rebuild(world)
    assert [(case["citizen"], case["number"]) for case in world.cases()] == numbers
    assert report.by_order == ("OAC-2026-000003",)


def test_also_when_that_later_message_was_read_together_with_those_of_higher_numbers(world: World) -> None:
    question = world.citizen_asks(MARTA, "Pista", "Com es reserva la pista?")
    world.agent_replies(question)
    world.clock.forward(minutes=10)
    world.mailbox.refused = {"INBOX"}
    world.citizen_writes(ANNA, "Rebut", "Com puc canviar el compte del rebut?", dmarc="fail")
    world.clock.forward(minutes=10)
    world.citizen_writes("nou@example.cat", "Targeta", "Com puc renovar la targeta de la biblioteca?")
    world.clock.forward(hours=4)
    world.citizen_writes(MARTA, "", "I la pista coberta, com es reserva?", answers=question)
    world.clock.forward(hours=1)
    world.mailbox.refused = set()
    world.turn()
    numbers = [(case["citizen"], case["number"]) for case in world.cases()]
    assert [citizen for citizen, _ in numbers] == [MARTA, ANNA, "nou@example.cat"]
    _lose_her_first_acknowledgement(world)
    lose(world)
    rebuild(world, since=local("2026-11-25 08:00"))
    assert [(case["citizen"], case["number"]) for case in world.cases()] == numbers


def _lose_her_first_acknowledgement(world: World) -> None:
    sent = world.mailbox.folders["Sent"].messages
    first, _ = [uid for uid, one in sent.items() if b"k=ack:" in one.raw and b"To: marta@example.com" in one.raw]
    world.mailbox.expunge("Sent", first)


def test_a_number_that_only_the_acknowledgement_of_a_later_message_tells_is_its_writers_first(world: World) -> None:
    question = world.citizen_asks(ANNA, "Beca", "On es demana la beca?")
    number, ack = world.cases()[0]["number"], world.received(ANNA)[0]
    world.clock.forward(minutes=10)
    world.citizen_asks(PERE, "Padró", "Com puc empadronar-me?")
    world.agent_replies(question)
    world.clock.forward(minutes=10)
    world.citizen_asks(ANNA, f"Cas {str(ack['Subject'])[1:20]}", "Encara no trobo on es demana.")
    assert next((case["number"], case["status"]) for case in world.cases()) == (number, "open")
    before = _standing(world)
    _rebuilt_without(world, ack)
    assert _standing(world) == before


def _read_together(world: World, *mails: tuple[str, str]) -> EmailMessage:
    """These people write about these matters while INBOX cannot be read; return the answer about the pitch."""
    world.mailbox.refused = {"INBOX"}
    for person, subject in mails:
        mail = world.citizen_writes(person, subject, f"Una consulta sobre: {subject}, si us plau?")
        world.clock.forward(hours=2)
        if subject == "Pista":
            answer = world.agent_answers(mail)
    world.mailbox.refused = set()
    world.turn()
    return answer


def _asks_again(world: World, answer: EmailMessage) -> None:
    world.clock.forward(minutes=10)
    world.citizen_asks(ANNA, "Re: Pista", "I els diumenges?", answers=answer)


def test_of_messages_that_were_read_together_the_first_has_the_lower_number(world: World) -> None:
    mails = (PERE, "Padró"), (ANNA, "Beca"), (MARTA, "Targeta"), (ANNA, "Pista"), ("nou@example.cat", "Bus")
    answer = _read_together(world, *mails)
    _asks_again(world, answer)
    before = _standing(world)
    assert before[3][:3] == ("OAC-2026-000004", ANNA, "open")
    _rebuilt_without(world, *world.received(ANNA)[:2])
    assert _standing(world) == before


def test_a_message_gets_a_number_of_which_no_mail_tells_before_one_that_is_told_to_its_writer(world: World) -> None:
    answer = _read_together(world, (ANNA, "Beca"), (PERE, "Padró"), (ANNA, "Pista"), ("nou@example.cat", "Bus"))
    acks = [*world.received(ANNA), *world.received(PERE)]
    _asks_again(world, answer)
    before = _standing(world)
    _rebuilt_without(world, *acks)
    assert _standing(world) == before


def test_a_message_that_came_late_out_of_the_junk_folder_gives_nobodys_number_away(world: World) -> None:
    """It has the highest number and arrived before those of lower ones."""
    for person, subject in ((MARTA, "Pista"), (ANNA, "Padró"), ("nou@example.cat", "Targeta"), (ANNA, "Beca")):
        mail = world.citizen_asks(person, subject, f"Una consulta sobre: {subject}, si us plau?")
        world.clock.forward(minutes=10)
    late = world.message(PERE, "Gual", "Com es demana un gual, si us plau?")
    world.mailbox.append("INBOX", as_bytes(late), local("2026-11-25 08:30"))
    world.turn()
    world.agent_replies(mail)
    before = _standing(world)
    assert [row[2] for row in before] == ["open", "open", "open", "answered", "open"]
    _rebuilt_without(world, world.received(ANNA)[0])
    assert _standing(world) == before


def test_a_letter_whose_domain_disowns_it_takes_nobodys_number(world: World) -> None:
    world.citizen_asks(MARTA, "Pista", "Com es reserva la pista?")
    world.clock.forward(minutes=10)
    world.citizen_asks(ANNA, "Forjat", "Com es demana el volant, si us plau?", dmarc="fail")
    world.clock.forward(minutes=10)
    first = world.citizen_asks(ANNA, "Beca", "On es demana la beca?")
    ack = world.received(ANNA)[0]
    world.clock.forward(minutes=10)
    world.citizen_asks(PERE, "Padró", "Com puc empadronar-me?")
    world.agent_replies(first)
    world.clock.forward(minutes=10)
    world.citizen_asks(ANNA, "Re: Beca", "Encara no trobo on es demana.", answers=first)
    before = [(*row, case["subject"]) for row, case in zip(_standing(world), world.cases(), strict=True)]
    _rebuilt_without(world, ack)
    after = [(*row, case["subject"]) for row, case in zip(_standing(world), world.cases(), strict=True)]
    assert after == before


def test_a_stranger_opens_nobodys_closed_case(world: World) -> None:
    answer = world.agent_replies(world.citizen_asks(ANNA, "Beca", "On es demana la beca?"))
    world.live("2026-12-20 10:00")
    at = world.clock.now()
    world.clock.forward(hours=2)
    world.citizen_asks(PERE, "Padró", "Com puc empadronar-me?")
    before = _standing(world)
    assert before[0][2] == "closed"
    forged = world.message("mallory@evil.example", "Re: Beca", "I jo, on la demano?", answers=answer)
    world.mailbox.append("INBOX", as_bytes(forged), at)
    lose(world)
    rebuild(world, since=local("2026-11-25 08:00"))
    assert _standing(world)[:2] == before


def test_where_no_number_is_left_a_late_message_opens_no_case_but_finds_its_own_open(town: TOWN) -> None:
    """Somebody had opened the case again on the board, which a later move hides. A case of its own would have a number
    between its neighbours'."""
    world = town(board={"enabled": True})
    answer = world.agent_replies(world.citizen_asks(ANNA, "Beca", "On es demana la beca?"))
    world.live("2026-12-31 10:00")
    move(world, CLOSED, OPEN)
    world.citizen_asks(ANNA, "Re: Beca", "Encara no trobo on es demana.", answers=answer)
    world.sync()
    world.clock.forward(hours=1)
    move(world, OPEN, MINE)
    assert [(case["number"], case["status"]) for case in world.cases()] == [("OAC-2026-000001", "open")]
    world.clock.forward(hours=2)
    world.citizen_asks(PERE, "Padró", "Com puc empadronar-me?")
    before = _standing(world)
    lose(world)
    rebuild(world, since=local("2026-11-25 08:00"))
    assert _standing(world) == before


def test_a_reply_that_came_out_of_the_junk_folder_after_the_service_had_died_opens_a_case(world: World) -> None:
    """It cannot have found its old case open: a later answer there would hide it."""
    answer = world.agent_replies(world.citizen_asks(ANNA, "Beca", "On es demana la beca?"))
    world.live("2026-12-30 10:00")
    at = world.clock.now()
    unread = world.message(ANNA, "Re: Beca", "Encara no trobo on es demana.", answers=answer)
    world.clock.forward(hours=2)
    world.see_in_sent(world.message(OFFICE, "", "Recordeu el termini.", to=ANNA, answers=answer))
    world.clock.forward(hours=2)
    world.citizen_asks(PERE, "Padró", "Com puc empadronar-me?")
    lose(world)
    world.mailbox.append("INBOX", as_bytes(unread), at)
    rebuild(world, since=local("2026-11-25 08:00"))
    assert (ANNA, "open") in [row[1:3] for row in _standing(world)]


def test_letters_that_came_late_out_of_the_junk_folder_free_no_number_that_was_told(world: World) -> None:
    """After the service has died, one more comes, an older one of the same person's."""
    question = world.citizen_asks(ANNA, "Beca", "On es demana la beca?")
    world.clock.forward(hours=1)
    for at, person in (("08:30", PERE), ("08:32", MARTA), ("08:34", "nou@example.cat")):
        mail = world.message(person, "Gual", f"Com es demana un gual, si us plau? {person}")
        world.mailbox.append("INBOX", as_bytes(mail), local(f"2026-11-25 {at}"))
    world.turn()
    world.clock.forward(minutes=30)
    world.agent_replies(question)
    world.clock.forward(hours=1)
    world.citizen_asks("ultim@example.cat", "Targeta", "Com puc renovar la targeta?")
    lose(world)
    unread = world.message(ANNA, "Pista", "Com es reserva la pista coberta, si us plau?")
    world.mailbox.append("INBOX", as_bytes(unread), local("2026-11-25 08:31"))
    rebuild(world, since=local("2026-11-25 08:00"))
    found = [row[:3] for row in _standing(world) if row[1] == ANNA]
    assert found == [("OAC-2026-000001", ANNA, "answered"), ("OAC-2026-000006", ANNA, "open")]


def test_a_number_that_was_told_while_the_clock_was_ahead_was_told_when_its_copy_arrived(world: World) -> None:
    """Number 2 was Marta's, of whom nothing is left: nobody gets it who wrote after number 3 was told."""
    for person, subject in ((PERE, "Padró"), (MARTA, "Pista")):
        world.citizen_asks(person, subject, f"Una consulta sobre: {subject}, si us plau?")
        world.clock.forward(minutes=10)
    world.citizen_writes("nou@example.cat", "Targeta", "Com puc renovar la targeta de la biblioteca?")
    world.clock.skew = timedelta(hours=7)
    world.turn()
    world.clock.skew = timedelta(0)
    world.turn()
    world.clock.forward(hours=3)
    world.citizen_asks(ANNA, "Rebut", "Com puc canviar el compte del rebut?", dmarc="fail")
    world.clock.forward(hours=6)
    world.citizen_asks("ultim@example.cat", "Bus", "A quina hora passa el bus?")
    for folder, text in (("Sent", b"To: marta@example.com"), ("INBOX", b"sobre: Pista")):
        expunge(world, folder, text)
    lose(world)
    rebuild(world, since=local("2026-11-25 08:00"))
    assert ("OAC-2026-000002", ANNA) not in [row[:2] for row in _standing(world)]


def _standing(world: World) -> list[tuple[object, ...]]:
    return [tuple(case[key] for key in ("number", "citizen", "status", "due_at")) for case in world.cases()]


def _rebuilt_without(world: World, *acks: EmailMessage) -> None:
    """The copies of these acknowledgements are gone."""
    for ack in acks:
        expunge(world, "Sent", f"Message-ID: {ack['Message-ID']}".encode())
    lose(world)
    rebuild(world, since=local("2026-11-25 08:00"))
