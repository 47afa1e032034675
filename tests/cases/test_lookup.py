"""What a message and the policy alone tell: author, signature, tokens, whose earlier messages it may continue."""

import sys
from collections import Counter
from collections.abc import Callable
from types import FrameType

import pytest
from msgspec.structs import replace

from oacmail.core import classification, sender, tokens
from oacmail.core.effects import Send
from oacmail.core.kinds import MailKind
from oacmail.core.lookup import Lookup, look_up, looked_up
from oacmail.core.model import Auto, Features, Folder, Role
from oacmail.store import cases
from tests.cases.builders import CASE, NOW, POLICY, lookup
from tests.world import AGENT, ANNA, OFFICE, PERE, World

FORM = Features(form_fields=frozenset({"name", "address"}), addresses=(ANNA,))


def ours(text: str) -> Lookup:
    """Our mail to Anna that says "Hem rebut", as it comes back with this text."""
    send = Send(
        key="ack:f",
        kind=MailKind.ACK,
        lang="ca",
        recipient=ANNA,
        case=CASE,
        message="f",
        received_at=NOW,
        due_at=NOW,
    )
    field = tokens.sign_mail(POLICY, "r", send, NOW, "Hem rebut")
    return lookup(
        sender=OFFICE, name="OAC 360", to=(ANNA,), sent_at=NOW, signatures=(field,), fresh=text, auto=Auto.REPLY
    )


@pytest.mark.parametrize(
    ("found", "author", "role"),
    [
        (lookup(), ANNA, Role.CITIZEN),
        (lookup(sender="", reply_to=ANNA), "", Role.CITIZEN),
        (lookup(sender="no-reply@x.example", reasons=("sender: no-reply",)), "", Role.CITIZEN),
        (lookup(Folder.INTAKE, FORM, sender="web@x.example", auto=Auto.BULK), ANNA, Role.CITIZEN),
        (lookup(sender="web@x.example", auto=Auto.BULK), "web@x.example", Role.ROBOT),
        (lookup(sender=AGENT), AGENT, Role.AGENT),
        (lookup(sender=OFFICE), OFFICE, Role.OURS),
    ],
)
def test_the_author_is_the_person_who_asks(found: Lookup, author: str, role: Role) -> None:
    assert (found.author, found.sender.role) == (author, role)


def test_our_mail_that_comes_back_as_it_was_has_no_other_author() -> None:
    copy = ours("Hem  rebut")

    assert copy.signature is not None
    assert (copy.signature.key, copy.added, copy.author) == ("ack:f", "", OFFICE)


def test_the_author_of_a_message_on_top_of_our_mail_is_its_recipient() -> None:
    """The store loads the person and the limits of this address; our own would have none."""
    found = ours("Quan? Hem rebut")

    assert (found.added, found.author, found.writers) == ("Quan?", ANNA, (ANNA,))
    assert (found.written.sender, found.written.name, found.written.auto) == (ANNA, "", Auto.NONE)


def test_only_a_token_that_we_made_names_a_case() -> None:
    token = tokens.case_token(POLICY, CASE)

    assert lookup(tokens=(token, f"{CASE}-AAA")).tokened == (CASE,)


@pytest.mark.parametrize(
    ("found", "writers"),
    [
        (lookup(), (ANNA,)),
        (lookup(Folder.SENT, sender=OFFICE, to=(ANNA, OFFICE), cc=(PERE,)), (ANNA, PERE)),
        (lookup(sender=AGENT, to=(OFFICE, ANNA)), (AGENT, ANNA)),
    ],
)
def test_staff_continue_what_their_recipients_wrote(found: Lookup, writers: tuple[str, ...]) -> None:
    assert found.writers == writers


def test_a_message_is_looked_up_again_only_under_another_policy() -> None:
    found, other = lookup(), replace(POLICY, form_senders=frozenset({ANNA}))

    assert looked_up(POLICY, found) is found
    assert looked_up(other, found) == look_up(other, found.arrived)


# What a message says of itself is computed once, whoever needs it.

ONCE = (classification.classify, sender.author_of, sender.sender_of, sender.own_signature)
OF_OURS = (tokens.verify_mail, tokens.read_token)


def _counted(functions: tuple[Callable[..., object], ...], work: Callable[[], object]) -> Counter[str]:
    """How often `work` calls each of these functions, by name."""
    names = {function.__code__: function.__name__ for function in functions}
    found: Counter[str] = Counter()

    def seen(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code in names:
            found[names[frame.f_code]] += 1

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(before)
    return found


def _once(*functions: Callable[..., object]) -> dict[str, int]:
    return {function.__name__: 1 for function in functions}


def test_a_message_our_own_copy_and_an_answer_are_each_read_once(world: World) -> None:
    world.citizen_writes(ANNA, "Error 500 a la seu", "La seu electrònica cau amb un error 500, bad gateway.")
    assert _counted(ONCE, world.sync) == _once(*ONCE)
    world.drain()
    assert _counted((*ONCE, *OF_OURS), world.sync) == _once(*ONCE, *OF_OURS)
    assert world.mail()["copied_at"]
    world.turn()
    world.agent_answers(world.received(ANNA)[0])
    assert _counted((*ONCE, tokens.read_token), world.sync) == _once(*ONCE, tokens.read_token)
    assert world.case()["citizen"] == ANNA


def test_our_own_copy_loads_the_case_that_it_is_about_and_no_other(world: World) -> None:
    for number in range(5):
        world.citizen_asks(f"persona{number}@example.org", f"Tràmit {number}", f"Com puc fer el tràmit {number}?")
    world.citizen_writes(ANNA)
    world.sync()
    world.drain()

    assert _counted((cases._case,), world.sync) == {"_case": 1}
    assert not [mail for mail in world.mails() if mail["copied_at"] is None]
