"""Case numbers with keyed letters, Message-IDs and the signature of our mail, which nobody else can produce."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oacmail.core import tokens
from oacmail.core.effects import Send
from oacmail.core.kinds import MailKind
from oacmail.core.policy import Office, People, Policy
from oacmail.workdays import EveryDay

POLICY = Policy(
    office=Office(address="oac360@castellbisbal.cat", name="OAC 360"),
    people=People(supervisor=("cap@castellbisbal.cat",), operator=("it@castellbisbal.cat",)),
    workdays=EveryDay(),
    secrets=(b"first secret", b"older secret"),
    instance="0a1b2c3d",
)
STRANGER = replace(POLICY, secrets=(b"a guess",))
AT = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)


def _mark(policy: Policy = POLICY, *, run: str = "0f0f0f0f", sent_at: datetime = AT, **changes: Any) -> str:
    values: dict[str, Any] = {
        "key": "ack:abc",
        "case": "OAC-2026-000001",
        "message": "abc",
        "received_at": AT,
        "due_at": AT + timedelta(days=1),
        "recipient": "anna@example.cat",
    }
    send = Send(kind=MailKind.ACK, lang="ca", **{**values, **changes})
    return tokens.sign_mail(policy, run, send, sent_at, "Bon dia")


def test_a_token_is_the_number_with_three_letters_that_are_easy_to_say() -> None:
    token = tokens.case_token(POLICY, tokens.case_number(POLICY, 2026, 123))
    assert token.startswith("OAC-2026-000123-")
    assert len(token) == len("OAC-2026-000123-K7Q")
    assert not set(token[-3:]) & set("IO01")


def test_a_token_is_read_back_in_any_case_and_under_an_older_secret() -> None:
    old = replace(POLICY, secrets=POLICY.secrets[1:])
    assert tokens.read_token(POLICY, tokens.case_token(POLICY, "OAC-2026-000123").lower()) == "OAC-2026-000123"
    assert tokens.read_token(POLICY, tokens.case_token(old, "OAC-2026-000123")) == "OAC-2026-000123"


@pytest.mark.parametrize("text", ["OAC-2026-000123-AAA", "OAC-2026-000123-", "OAC-2026-000123", "", "-", "é-é", "---"])
def test_a_guessed_token_is_no_token(text: str) -> None:
    assert tokens.read_token(POLICY, text) is None


def test_a_message_id_is_fixed_by_its_key_and_unknown_to_whoever_lacks_the_secret() -> None:
    mine = tokens.message_id(POLICY, "ack:abc")
    assert mine == tokens.message_id(POLICY, "ack:abc")
    assert mine.endswith("@castellbisbal.cat>")
    assert mine not in {
        tokens.message_id(POLICY, "ack:abd"),
        tokens.message_id(STRANGER, "ack:abc"),
        tokens.message_id(replace(POLICY, instance="ffffffff"), "ack:abc"),
    }


def test_a_mark_says_which_mail_it_is_to_whoever_holds_the_secret() -> None:
    read = tokens.verify_mail(POLICY, _mark(), "Anna@Example.cat", AT)
    assert read == tokens.Signature(
        instance="0a1b2c3d",
        run="0f0f0f0f",
        text=tokens.text_hash("Bon dia"),
        key="ack:abc",
        case="OAC-2026-000001",
        message="abc",
        received_at=AT,
        due_at=AT + timedelta(days=1),
    )


def test_a_mark_holds_for_its_recipient_and_its_date_only() -> None:
    assert tokens.verify_mail(POLICY, _mark(), "eve@example.cat", AT) is None
    assert tokens.verify_mail(POLICY, _mark(), "anna@example.cat", AT + timedelta(seconds=1)) is None
    assert tokens.verify_mail(POLICY, _mark(), "anna@example.cat", None) is None


@pytest.mark.parametrize(("old", "new"), [("000001", "000002"), ("k=ack", "k=alert"), ("i=0a", "i=0b"), ("s=", "s=0")])
def test_a_changed_field_breaks_the_mark(old: str, new: str) -> None:
    assert tokens.verify_mail(POLICY, _mark().replace(old, new, 1), "anna@example.cat", AT) is None


@pytest.mark.parametrize("joined", range(1, 9))
def test_a_bar_in_a_recipient_moves_no_field(joined: int) -> None:
    """What is signed for `x|y@…` has the octets of one field more for the recipient `y@…`."""
    raw = _mark(recipient="x|y@example.cat")
    *names, mac = [one.partition("=")[0] for one in raw.split("; ")]
    *said, proof = [one.partition("=")[2] for one in raw.split("; ")]
    said = [*said[: joined - 1], "|".join([*said, "x"][joined - 1 : joined + 1]), *[*said, "x"][joined + 1 :]]
    moved = "; ".join(f"{name}={value}" for name, value in zip((*names, mac), (*said, proof), strict=True))
    assert tokens.verify_mail(POLICY, raw, "x|y@example.cat", AT) is not None
    assert tokens.verify_mail(POLICY, moved, "y@example.cat", AT) is None


def test_a_version_that_we_never_wrote_is_no_signature_of_ours() -> None:
    """It would cover the recipient and the date alone."""
    proof = tokens._sign(POLICY.secrets[0], {"v": "9"}, "anna@example.cat", AT)
    assert tokens.verify_mail(POLICY, f"v=9; k=ack:abc; c=OAC-2026-000002; s={proof}", "anna@example.cat", AT) is None


@given(st.text())
def test_whatever_stands_in_the_field_is_read_or_refused_and_never_raises(raw: str) -> None:
    assert tokens.verify_mail(POLICY, raw, "anna@example.cat", AT) is None


@given(st.text(max_size=40))
def test_whatever_stands_for_a_token_never_raises(text: str) -> None:
    found = tokens.read_token(POLICY, text)
    assert found is None or tokens.case_token(POLICY, found).upper() == text.upper()
