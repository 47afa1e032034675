"""Which case a message lands on: docs/subjects.md, "Threads"."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oacmail.core.errors import Transient
from oacmail.core.ports import Fetched
from oacmail.core.threading import fold_subject, is_reply
from oacmail.engine import intake
from tests.world import ANNA, MARTA, OFFICE, PERE, World, text_of

GUAL = ("Instància del gual", "Bon dia, no puc presentar la instància del gual.")


def _asked(world: World, sender: str = ANNA, subject: str = GUAL[0], text: str = GUAL[1]) -> EmailMessage:
    """A first message of this person; its acknowledgement."""
    world.citizen_asks(sender, subject, text)
    return world.received(sender)[-1]


def _last(world: World) -> dict[str, Any]:
    (row,) = world.rows(
        "SELECT m.rule, m.guest, c.number, c.parent, m.role, m.outcome FROM messages m"
        " JOIN cases c ON c.id = m.case_id ORDER BY m.id DESC LIMIT 1"
    )
    return row


def _token(ack: EmailMessage) -> str:
    return str(ack["Subject"])[1:].partition("]")[0]


@pytest.mark.parametrize(
    ("rule", "subject", "to", "answers"),
    [
        ("our-message-id", "", "", True),
        ("keyed-token", "{subject}", "", False),
        ("keyed-token", "Ah, i encara més", "oac360+{token}@castellbisbal.example", False),
    ],
    ids=["reply to the acknowledgement", "token in the subject", "token behind the plus"],
)
def test_what_leads_to_the_case_of_the_writer(world: World, rule: str, subject: str, to: str, answers: bool) -> None:
    ack = _asked(world)
    before = world.case()
    named = {"subject": ack["Subject"], "token": _token(ack)}
    mail = world.message(
        ANNA,
        subject.format(**named),
        "Us envio el que em demanàveu, és del curs 2026.",
        to=to.format(**named),
        answers=ack if answers else None,
    )
    world.receive(mail)
    assert _last(world)["rule"] == rule
    assert (len(world.case()["messages"]), world.case()["due_at"]) == (2, before["due_at"])
    assert world.kinds(ANNA) == ["ack"]


def test_a_reply_that_overtook_its_original_is_joined_by_it(world: World) -> None:
    original = "<original.1@casa.example>"
    early = {"References": original, "In-Reply-To": original}
    world.citizen_asks(ANNA, "Oblidava una cosa del casal", "Són dos germans.", headers=tuple(early.items()))
    world.citizen_asks(ANNA, "Casal", "Vull inscriure els fills al casal.", headers=(("Message-ID", original),))
    assert _last(world)["rule"] == "named-by-known-message"
    assert len(world.case()["messages"]) == 2


@pytest.mark.parametrize("prefix", ["RE", "Rv", "WG", "AW", "Re[5]"])
def test_a_reply_prefix_of_any_client_and_the_same_subject_join_without_headers(world: World, prefix: str) -> None:
    _asked(world, PERE)
    _asked(world)
    world.citizen_asks(ANNA, f"{prefix}: {GUAL[0]}", "Ho he provat amb un altre navegador.")
    assert _last(world)["rule"] == "same-subject"
    assert [len(case["messages"]) for case in world.cases()] == [1, 2]


def test_a_subject_that_says_nothing_joins_nothing(world: World) -> None:
    _asked(world, subject="Consulta", text="Com puc pagar la taxa d'escombraries?")
    _asked(world, subject="Re: consulta", text="A quina hora obre l'oficina del padró els dilluns?")
    assert len(world.cases()) == 2


def test_the_same_text_in_capitals_under_another_subject_is_one_case(world: World) -> None:
    _asked(world)
    _asked(world, subject="Oferta (2n intent)", text=GUAL[1].upper())
    assert _last(world)["rule"] == "same-text"
    assert (len(world.cases()), world.kinds(ANNA)) == (1, ["ack"])


def test_another_subject_by_reference_opens_a_child_with_which_its_replies_stay(world: World) -> None:
    ack = _asked(world)
    world.citizen_asks(ANNA, "Certificat nou", "Com demano un certificat de convivència?", answers=ack)
    first, child = world.cases()
    assert _last(world)["parent"] == first["number"]
    (_, of_the_child) = world.received(ANNA)
    assert child["number"] in of_the_child["Subject"]
    world.citizen_asks(ANNA, "", "Som família nombrosa des de l'any passat.", answers=of_the_child)
    assert _last(world)["number"] == child["number"]


def test_an_office_that_is_only_in_copy_is_asked_all_the_same(world: World) -> None:
    world.receive(world.message(ANNA, *GUAL, to=PERE, headers=(("Cc", OFFICE),)))
    assert (world.kinds(ANNA), world.received(PERE)) == (["ack"], [])


def test_several_citizens_on_one_thread_have_a_case_each_and_get_mail_about_their_own_only(world: World) -> None:
    seen = world.citizen_asks(ANNA, *GUAL, headers=(("Cc", PERE),))
    world.citizen_asks(PERE, "", "A mi tampoc no em funciona.", answers=seen)
    first, second = world.cases()
    assert (_last(world)["number"], _last(world)["parent"]) == (second["number"], first["number"])
    (ack,) = world.received(PERE)
    assert second["number"] in ack["Subject"]
    assert first["number"] not in ack.as_string() + text_of(ack)
    assert world.kinds(ANNA) == ["ack"]


# Subjects as people and their clients leave them: what is the same subject, and what begins with a reply prefix.

SAME = [
    "Instància de la subvenció",
    "Re: Instància de la subvenció",
    "RE: RE: Instància de la subvenció",
    "Re[5]: Instància de la subvenció",
    "RV: Instància de la subvenció",
    "WG: AW: Instància de la subvenció",
    "Fwd: Instància de la subvenció",
    "[EXTERN] Re: Instància de la subvenció",
    "Re: [OAC-2026-000123-K7Q] Instància de la subvenció",
    "re : instància   de la SUBVENCIÓ",
]


@pytest.mark.parametrize("subject", SAME)
def test_prefixes_tags_case_and_white_space_do_not_make_another_subject(subject: str) -> None:
    assert fold_subject(subject) == "instància de la subvenció"


def test_numbers_that_a_robot_counts_up_do_not_make_another_subject() -> None:
    assert fold_subject("Ticket 1234 rebut") == fold_subject("Ticket 1235 rebut")


@pytest.mark.parametrize("subject", SAME[1:7])
def test_a_reply_or_forward_is_known_by_its_prefix(subject: str) -> None:
    assert is_reply(subject)


@pytest.mark.parametrize("subject", ["Rebut del gual", "Recurs de reposició", "I ara què?", "Regal: on es recull", ""])
def test_a_word_is_no_prefix(subject: str) -> None:
    assert not is_reply(subject)


@given(st.text(max_size=200))
def test_folding_is_done_once_and_for_all(subject: str) -> None:
    folded = fold_subject(subject)
    assert fold_subject(folded) == folded or len(folded) == 200


def test_a_thousand_prefixes_are_folded_at_once() -> None:
    assert fold_subject("Re: " * 1000 + "hola") == "hola"


# Several messages in one commit, the end of one mail with the start of the next: what a fault or a kill undoes.

ALL = (ANNA, PERE, MARTA)


def _three_messages(world: World, text: str = "Com demano un volant?") -> None:
    for writer in ALL:
        world.citizen_writes(writer, f"Consulta de {writer}", text)


@contextmanager
def _full_disk(world: World, room: int) -> Iterator[None]:
    """So many pages are left meanwhile."""
    con = world.store.con
    (pages,) = con.execute("PRAGMA page_count").fetchone()
    (most,) = con.execute("PRAGMA max_page_count").fetchone()
    con.execute(f"PRAGMA max_page_count = {pages + room}")
    yield
    con.execute(f"PRAGMA max_page_count = {most}")


def test_a_message_that_cannot_be_written_is_undone_alone(world: World) -> None:
    _three_messages(world)
    world.store.con.execute(
        f"""CREATE TEMP TRIGGER a_bug BEFORE INSERT ON cases WHEN NEW.subject = 'Consulta de {PERE}'
        BEGIN SELECT RAISE(ABORT, 'a bug of ours'); END"""
    )
    world.turn()
    assert [world.kinds(writer) for writer in ALL] == [["ack"], [], ["ack"]]
    assert len(world.cases()) == 2
    world.store.con.execute("DROP TRIGGER a_bug")
    world.turn()
    assert [world.kinds(writer) for writer in ALL] == [["ack"], ["ack"], ["ack"]]
    assert [case["number"][-1] for case in world.cases()] == ["1", "2", "3"]


@pytest.mark.parametrize("point", ["within a commit", "before commit", "after commit"])
def test_killed_among_several_messages_each_is_met_once(world: World, point: str) -> None:
    _three_messages(world)
    world.kill(point, world.sync)
    world.turn()
    assert len(world.cases()) == 3
    assert [world.kinds(writer) for writer in ALL] == [["ack"], ["ack"], ["ack"]]


@pytest.mark.parametrize("room", [1, 9, 17, 25])
def test_of_messages_that_a_full_disk_stops_nothing_is_true_or_sent(world: World, room: int) -> None:
    _three_messages(world, "Com demano un volant d'empadronament?\n" * 400)
    with _full_disk(world, room):
        with pytest.raises(Transient, match="full"):
            world.intake.sync(compare=True)
        assert world.cases() == []
        assert world.mails() == []
    world.turn()
    assert [world.kinds(writer) for writer in ALL] == [["ack"], ["ack"], ["ack"]]


@pytest.mark.parametrize("point", ["within a commit", "before commit", "before the first byte", "after the last byte"])
def test_killed_among_several_mails_at_most_one_is_in_doubt_and_none_goes_twice(world: World, point: str) -> None:
    _three_messages(world)
    world.sync()
    world.kill(point, world.drain)
    states = [mail["state"] for mail in world.mails("ack")]
    assert states.count("uncertain") <= 1
    assert set(states) <= {"uncertain", "queued", "sent"}
    world.live("2026-11-25 18:00", minutes=5)
    assert [world.kinds(writer) for writer in ALL] == [["ack"], ["ack"], ["ack"]]
    assert {mail["state"] for mail in world.mails("ack")} == {"sent"}


def _messages_in_order(world: World, count: int) -> list[str]:
    writers = [f"veina{number}@casa{number}.example" for number in range(count)]
    for writer in writers:
        world.citizen_writes(writer, f"Consulta de {writer}", "Com demano un volant?")
        world.clock.forward(minutes=1)
    return writers


def _in_flight(world: World) -> int:
    return len(world.rows("SELECT 1 FROM sightings WHERE in_flight"))


def _make_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "BATCH", 4)
    monkeypatch.setattr(intake, "TOGETHER", 2)


def test_after_a_full_disk_messages_at_hand_are_met_again_in_the_order_of_their_arrival(
    town: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = town(ack=dict.fromkeys(("unverified_per_hour", "per_domain_hour"), 0))
    _make_small(monkeypatch)
    writers = _messages_in_order(world, 14)
    with _full_disk(world, 12):
        with pytest.raises(Transient, match="full"):
            world.intake.sync(compare=True)
        assert len(world.cases()) < len(writers)
        assert _in_flight(world) == 0
    world.turn()
    assert [case["citizen"] for case in world.cases()] == writers


def test_when_the_line_breaks_while_more_is_fetched_what_lies_there_is_worked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _make_small(monkeypatch)
    writers = _messages_in_order(world, 10)
    fetch, times = world.mailbox.fetch, iter(range(99))

    def breaks(uids: Sequence[int]) -> Mapping[int, Fetched]:
        if next(times) == 1:
            raise Transient("IMAP: the line broke")
        return fetch(uids)

    monkeypatch.setattr(world.mailbox, "fetch", breaks)
    with pytest.raises(Transient, match="broke"):
        world.intake.sync(compare=False)
    assert [case["citizen"] for case in world.cases()] == writers[:4]
    assert _in_flight(world) == 0
    world.intake.sync(compare=False)
    assert [case["citizen"] for case in world.cases()] == writers
