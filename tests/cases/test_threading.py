"""Subjects as people and their clients leave them: what is the same subject, and what begins with a reply prefix."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oacmail.core.threading import fold_subject, is_reply

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
