"""What a person's move on the board does: the admin's commands of the same meaning, one after the other.

A move that does not fit the case changes nothing, and the agents are told why; the message then goes back to the
folder of its case. Deleting a message never closes its case: a person reviews it. Where messages lie is not known
here.
"""

from datetime import datetime

from oacmail.core import answers, services
from oacmail.core.board import NO_REQUEST, OPENS, commands
from oacmail.core.effects import (
    AdminCommand,
    AuditEvent,
    BoardDeletion,
    BoardMove,
    Decision,
    Effect,
    Input,
    RequestReview,
    ReviewDone,
    UpdateCase,
)
from oacmail.core.errors import Refused
from oacmail.core.kinds import MailKind
from oacmail.core.model import BoardFolder, BoardPlace, Status
from oacmail.core.notices import notify_agents
from oacmail.core.orders.commands import on_admin_command
from oacmail.core.policy import Policy
from oacmail.core.view import CaseView, CommandView

BY = "board"  # who gave the command: IMAP does not say who moved a message
DELETED = "deleted-from-the-mailbox"
BY_HAND = "put-there-by-hand"
_OF_THE_DESK = (BoardFolder.INTAKE, BoardFolder.OPEN, BoardFolder.ASSIGNED)


def on_board_move(policy: Policy, view: CommandView, move: BoardMove, now: datetime) -> Decision:
    """The first of its commands decides whether it is refused: no later one refuses the case that the first leaves."""
    case, because = view.cases.get(move.case or ""), (f"moved: {move.to.folder}",)
    then: tuple[Input, ...] = ()
    try:
        if case is None:
            effects = _without_case(move)
        else:
            given_in = f"{move.message[:16]}.{now.isoformat()}"
            given = [
                AdminCommand(verb=verb, case=case.number, by=BY, given_in=given_in, words=words)
                for verb, words in commands(case, move.to)
            ]
            effects = on_admin_command(policy, view, given[0], now).effects if given else ()
            then = tuple(given[1:])
    except Refused as refused:
        # One mail for each case, folder and minute: several of its messages may have been moved together.
        about = case.number if case else move.message[:16]
        key = f"{MailKind.MOVED_BACK}:{about}:{move.to.folder}:{now.replace(second=0).isoformat()}"
        facts = {"folder": _named(policy, move.to), "reason": refused.reason}
        mails = notify_agents(policy, key=key, kind=MailKind.MOVED_BACK, now=now, case=move.case, facts=facts)
        data = {"message": move.message[:16], "to": move.to.folder, "reason": refused.reason}
        event = AuditEvent(kind="move-refused", case=move.case, data=data)
        return Decision(effects=(*mails, event), because=("refused",))
    if not effects:
        return Decision(effects=(), because=because)
    if case and move.to.folder in NO_REQUEST:
        effects = (*effects, UpdateCase(case=case.number, columns={"board_folder": move.to.folder}))
    moved = AuditEvent(kind="moved", case=move.case, data={"message": move.message[:16], "to": move.to.folder})
    taken_back = _taken_back(policy, view, case, move, now) if case else ()
    return Decision(effects=(moved, *effects, *taken_back), because=because, then=then)


def _taken_back(
    policy: Policy, view: CommandView, case: CaseView, move: BoardMove, now: datetime
) -> tuple[Effect, ...]:
    """The agents hear who knows that the services had the case, which a move has taken from them."""
    heard = services.heard(case)
    if case.status is not Status.DERIVED or move.to.folder not in _OF_THE_DESK or heard == "nobody":
        return ()
    key = f"moved:{move.message[:16]}:{now.isoformat()}"
    folder = view.drafts
    draft = services.drafted(policy, case, folder=folder, agents=policy.people.agents, key=key, now=now)
    facts = {
        "orders": ({"verb": "first_level", "case": case.number, "done": True, "more": f"undone-{heard}"},),
        "moved": _named(policy, move.to),
        "services": policy.people.services(case.services.cause) if heard != "person" else (),
        **answers.draft_whereabouts(draft, folder),
    }
    transcript = MailKind.TRANSCRIPT
    mails = notify_agents(policy, key=f"{transcript}:{key}", kind=transcript, now=now, case=case.number, facts=facts)
    return (*draft, *mails)


def on_board_deletion(policy: Policy, view: CommandView, deletion: BoardDeletion, now: datetime) -> Decision:
    """A message of a closed case may be tidied away; every other case needs a person."""
    case = view.cases.get(deletion.case or "")
    if case is None:
        return Decision(effects=(), because=("deleted",))
    gone = AuditEvent(kind="deleted", case=case.number, data={"message": deletion.message[:16]})
    review = RequestReview(reason=DELETED, message=deletion.message)
    return Decision(effects=(gone,) if case.status is Status.CLOSED else (gone, review), because=("deleted",))


def _without_case(move: BoardMove) -> tuple[Effect, ...]:
    """Robots' mail and what waits for a person. A request after all has a case by now (engine/board.py)."""
    if move.to.folder is BoardFolder.REVIEW:
        return (RequestReview(reason=BY_HAND, message=move.message),)
    if move.to.folder is BoardFolder.AUTOMATIC:
        return (ReviewDone(fingerprint=move.message),)
    text = "no case can be opened for it" if move.to.folder in OPENS else "it has no case: open one first"
    raise Refused(text, "no-request")


def _named(policy: Policy, place: BoardPlace) -> str:
    """The folder as people see it, without those above it."""
    names = policy.board.names if policy.board else {}
    return f"{names.get(place.folder, 'INBOX')}{'/' if place.agent else ''}{place.agent}"
