"""Whole mails that ask for a call: the number, the slot and the hours that their writers mean."""

import json
from pathlib import Path

import pytest

from oacmail.core.calendar import SLOTS
from oacmail.mail.understanding import features

MAILS = [json.loads(line) for line in Path(__file__).with_name("call_backs.jsonl").read_text("utf-8").splitlines()]


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


@pytest.mark.parametrize("mail", MAILS, ids=lambda mail: mail["text"][:50])
def test_a_mail_gives_its_number_slot_and_hours(mail: dict[str, str | None]) -> None:
    found = features.find(str(mail["subject"]), str(mail["text"]), phone="900 772 772").callback
    assert found is not None
    assert (found.phone, found.slot) == (mail["phone"], mail["slot"])
    begins, ends = (moment.hour * 60 for moment in SLOTS[found.slot])
    hours = found.hours or ((begins, ends),)
    assert hours[0][0] == (_minute(mail["from"]) if mail["from"] else begins)
    if hours[-1][0] != hours[-1][1]:  # not "at about five"
        assert hours[-1][1] == (_minute(mail["until"]) if mail["until"] else ends)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("Truqueu-me a les cinc al 600112233", ((1020, 1020),)),
        ("Llamen de 9 a 11 o de 16 a 18 al 600112233", ((540, 660), (960, 1080))),
        ("Truqueu al 600112233 a qualsevol hora menys a les cinc", ((480, 1020), (1080, 1200))),
        ("Truqueu-me de 19 a 22 al 600112233", ((1140, 1200),)),
        ("Truqueu-me al matí al 600112233", ()),
        ("Truqueu-me a partir de les nou del vespre al 600112233", ()),
    ],
)
def test_hours_lie_within_the_hours_of_calls_and_a_whole_slot_is_none(
    text: str, hours: tuple[tuple[int, int], ...]
) -> None:
    found = features.find("Trucada", text).callback
    assert found is not None
    assert found.hours == hours
