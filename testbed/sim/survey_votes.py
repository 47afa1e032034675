"""Citizens answer surveys: by a link, by a number, twice, late, or by the hand of somebody to whom it was forwarded.

The ground truth records who voted what about which case, and whether that vote is the citizen's own; the monthly figure
is computed from that alone (`report_checks`).
"""

import re
from datetime import timedelta
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from html import unescape
from random import Random
from urllib.parse import parse_qs, unquote, urlsplit

from testbed.sim.ground_truth import Vote
from testbed.sim.plan import SimulatedAction
from testbed.sim.population import CITIZENS, NEIGHBOURS
from testbed.sim.town import SimulatedTown
from testbed.sim.writing import ActionHandler, arrival

_LINK = re.compile(r'<a href="(mailto:[^"]+)"[^>]*>(\d) · [^<]+</a>')
_WORDS = ("{score}", "{score}, gràcies", "Us poso un {score}.", "{score}\n\nEnviat des del meu iPhone")
_COUNTS = timedelta(days=30)
_DOUBT = timedelta(days=1)


def _votes(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    boxes = [(one.address, mail) for one in CITIZENS for mail in town.relay.inboxes[one.address].last("survey", 2)]
    if not boxes:
        return ""
    citizen, survey = rng.choice(boxes)
    at = arrival(town)
    age = at - parsedate_to_datetime(str(survey["Received"]).rpartition("; ")[2])
    if abs(age - _COUNTS) < _DOUBT:  # The service's clock, not the true one, sets the end of the thirty days.
        return ""
    if town.restored_at is not None and not town.down and str(survey["X-Oacmail-Case"]) not in town.database.surveyed():
        return ""
    voter = citizen if rng.random() < 0.85 else rng.choice(NEIGHBOURS)
    score = rng.choice((5, 5, 4, 4, 3, 2, 1))
    by_link = rng.random() < 0.5
    mail = (
        _pressed(town, action, survey, voter, score) if by_link else _replied(town, action, rng, survey, voter, score)
    )
    town.deliver(mail)
    town.truth.wrote(mail, voter, at, asks=False, guest_of=citizen if voter != citizen else "")
    case, late = str(survey["X-Oacmail-Case"]), age > _COUNTS
    if not late:
        town.truth.votes.append(Vote(case, score, at, str(mail["Message-ID"]), own=voter == citizen))
    return f"{case}: {voter} gives {score} by {'link' if by_link else 'number'}{', too late' if late else ''}"


def _pressed(
    town: SimulatedTown, action: SimulatedAction, survey: EmailMessage, voter: str, score: int
) -> EmailMessage:
    page = survey.get_body(("html",))
    text = str(page.get_content()) if page is not None else ""
    links = {int(number): unescape(link) for link, number in _LINK.findall(text)}
    parts = urlsplit(links[score])
    fields = {name: values[0] for name, values in parse_qs(parts.query).items()}
    body = fields["body"].replace("\r\n", "\n")
    return town.message(voter, fields["subject"], body, to=unquote(parts.path), number=town.number(action))


def _replied(
    town: SimulatedTown, action: SimulatedAction, rng: Random, survey: EmailMessage, voter: str, score: int
) -> EmailMessage:
    text = rng.choice(_WORDS).format(score=score)
    return town.message(voter, "", text, answers=survey, number=town.number(action))


ACTIONS: dict[str, ActionHandler] = {"answers a survey": _votes}
