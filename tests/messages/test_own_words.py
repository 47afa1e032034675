"""Replies that carry our own mail without any mark of a quotation: our sentences are nobody's request."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import fill
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from oacmail.core import tokens
from oacmail.core.effects import Send
from oacmail.core.kinds import MailKind
from oacmail.core.policy import Office, People, Policy
from oacmail.workdays import EveryDay
from tests.world import ANNA, World, text_of

TOWN = Callable[..., World]
DPO = "dpd@castellbisbal.example"
WRITES = {
    "ca": ("No puc signar", "Bon dia, com puc signar la instància amb l'idCAT? Em surt un error.", "Encara em falla."),
    "es": ("No puedo firmar", "Buenos días, ¿cómo puedo firmar la instancia? Me sale un error.", "Sigue fallando."),
    "en": ("I cannot sign", "Good morning, how can I sign the form? I get an error message here.", "It still fails."),
}


def _plain(text: str) -> str:
    return text


def _wrapped(text: str) -> str:
    return "\n".join(fill(line, 72) for line in text.split("\n"))


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _reply(world: World, lang: str, shape: Callable[[str], str], words: str) -> None:
    """Reads our acknowledgement, answers below it when the agent has answered."""
    subject, text, _ = WRITES[lang]
    world.agent_replies(world.citizen_asks(ANNA, subject, text))
    world.advance("2026-11-25 12:00")
    ours = world.received(ANNA)[0]
    body = "\n\n".join(filter(None, (shape(text_of(ours).replace("\r\n", "\n")), words)))
    world.citizen_asks(ANNA, "", body, answers=ours)


def _fresh(world: World) -> str:
    (row,) = world.rows("SELECT fresh FROM messages WHERE role = 'citizen' ORDER BY id DESC LIMIT 1")
    return str(row["fresh"])


@pytest.mark.parametrize("shape", [_plain, _wrapped])
@pytest.mark.parametrize("lang", list(WRITES))
def test_our_clause_below_a_reply_asks_for_no_rights(world: World, lang: str, shape: Callable[[str], str]) -> None:
    _reply(world, lang, shape, WRITES[lang][2])
    assert world.received(DPO) == []
    assert world.rows("SELECT * FROM deadlines WHERE kind = 'rights'") == []
    assert WRITES[lang][2] in _fresh(world)
    assert "RGPD" not in _fresh(world)
    assert "GDPR" not in _fresh(world)
    assert len(_fresh(world)) < 60, "what is left is the person's own, and our greeting"


@pytest.mark.parametrize("shape", [_plain, _quoted])
def test_a_reply_of_nothing_but_our_mail_asks_for_no_rights(world: World, shape: Callable[[str], str]) -> None:
    _reply(world, "ca", shape, "")
    assert world.received(DPO) == []
    assert "RGPD" not in _fresh(world)


def test_so_it_is_with_a_towns_own_templates(town: TOWN, tmp_path: Path) -> None:
    folder = tmp_path / "templates" / "ca"
    folder.mkdir(parents=True)
    clause = (
        "Tractem les vostres dades personals per respondre-us. Si voleu exercir els drets d'accés, rectificació, "
        "supressió, oposició o limitació del tractament, adreceu-vos a {{ rights_url }}."
    )
    (folder / "ack.txt.j2").write_text(
        f"Subject: [{{{{ token }}}}] Rebut\n\n{{{{ greeting }}}},\n\nHo hem rebut.\n\n{clause}\n"
    )
    world = town(office={"templates": str(tmp_path / "templates")})
    _reply(world, "ca", _wrapped, "Encara em falla.")
    assert "supressió, oposició" in " ".join(text_of(world.received(ANNA)[0]).split())
    assert world.received(DPO) == []
    assert _fresh(world).split("\n")[-1] == "Encara em falla."
    assert "supressió" not in _fresh(world)


def test_a_request_for_data_rights_below_our_clause_is_recognised(world: World) -> None:
    _reply(world, "ca", _plain, "Exerceixo el dret d'accés a les meves dades personals (RGPD): envieu-me'n una còpia.")
    assert len(world.received(DPO)) == 1


def test_answers_within_our_text_are_kept(world: World) -> None:
    def answered_within(text: str) -> str:
        return text.replace("\n\n", "\n\nAixò no ho entenc.\n\n", 2)

    _reply(world, "ca", answered_within, "Gràcies per tot, però encara em falla.")
    assert _fresh(world).count("Això no ho entenc.") == 2
    assert _fresh(world).endswith("Gràcies per tot, però encara em falla.")


# The comparison of a returned mail with the hash in its signature.

TEXT = "Bon dia,\nteniu el formulari aquí: https://www.vila.example/tramits?id=7.\nEquip de l'OAC"
REWRITTEN = TEXT.replace("https://www.vila.example/tramits?id=7", "https://gate.example/?u=https%3A%2F%2Fwww.vila")
EARLY = "78.dccf98172136b642.3dbefc685693fbca"


@pytest.mark.parametrize(
    ("text", "added"),
    [
        (TEXT, ""),
        (REWRITTEN, ""),
        (TEXT.replace("tramits", "tra\n> mits"), ""),
        (f"www.vila.example\n{TEXT}", "www.vila.example"),
        (f"{REWRITTEN}\nhttps://a.example", tokens.LINK),
        (f"Quan?\n{TEXT}", "Quan?"),
    ],
)
def test_a_link_counts_as_one_wherever_it_leads(text: str, added: str) -> None:
    assert tokens.added_text(text, tokens.text_hash(TEXT)) == added


def test_a_hash_of_an_early_version_is_compared_with_its_links() -> None:
    assert tokens.added_text(TEXT, EARLY) == ""
    assert tokens.added_text(f"Quan? {TEXT}", EARLY) == "Quan?"
    assert tokens.added_text(TEXT.replace("id=7", "id=8"), EARLY) != ""


# Case numbers with keyed letters, Message-IDs and the signature of our mail, which nobody else can produce.

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
