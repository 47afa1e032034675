"""Receivers that judge our mail, by real SMTP and a real DNS: a refusal is told where a person sees it, and only that.

One daemon lives all cells of one envelope. tests/deliverability/test_fault_matrix.py has every cell of the table, and
the days; here is what the wire alone shows: of whom SPF is asked, that a signature survives our transport, that the
words of a refusal come through, and that a report finds its mail by the address to which it comes, even before the
relay has answered us.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import pytest

from oacmail.words.compose import dead_links
from testbed.messages import text_of
from testbed.office import NO_LIMITS
from testbed.receiver import NAME
from tests.e2e.office import IMPATIENT, RunningOffice
from tests.e2e.watching import everything_in, number_of
from tests.servers.mail_servers import MailServers
from tests.servers.people import Citizen
from tests.servers.receivers import FORWARDS, Cell, Receivers
from tests.servers.waiting import until

SPF, RCPT, DATA, REPORT, SILENCE, JUNK, TAKEN = range(1, 8)
CELLS = {
    0: Cell("reject", "good", False, "DATA"),
    SPF: Cell("reject", "absent", True, "DATA"),
    RCPT: Cell("reject", "broken", False, "RCPT"),
    DATA: Cell("reject", "absent", False, "DATA"),
    REPORT: Cell("reject", "broken", False, "report"),
    SILENCE: Cell("reject", "absent", False, "silence"),
    JUNK: Cell("quarantine", "broken", False, "silence"),
    TAKEN: Cell("none", "absent", False, "silence"),
}
MANY = {RCPT: 3, REPORT: 3}
"""Where a domain refuses as many people as make it a problem of its own."""
WAVES = ((SPF, DATA), (0, SILENCE, JUNK, TAKEN), (RCPT, REPORT))
"""Of several domains that refuse one after the other nobody knows whether it is the relay: another problem."""
SAID = f"{dead_links(NAME)} accepts no mail that is not authenticated"


@dataclass(frozen=True, kw_only=True)
class Expected:
    """`form`: of the envelope sender that receivers see; `told`: the cells whose refusal is told; `canary_to`: the cell
    to which the canary goes, and, in `problem` and `alert`, what is told of that; `limit`: until it must be back."""

    form: str
    told: tuple[int, ...]
    canary_to: int
    limit: int = 300
    problem: str
    alert: str


ENVELOPES = {
    # SPF is asked of HELO, whose name is the provider's, and no report finds its way: the canary alone tells silence
    "null": Expected(
        form="",
        told=(SPF, RCPT, DATA),
        canary_to=SILENCE,
        limit=2,
        problem="canary: the hourly test mail has not come back",
        alert="El correu de prova no torna",
    ),
    "bounce": Expected(
        form=r"{user}\+b\.\w{{32}}@castellbisbal\.cat",
        told=(RCPT, DATA, REPORT),
        canary_to=TAKEN,
        problem="verdict: plus:",
        alert=f"{NAME}: spf=none dkim=none dmarc=fail",
    ),
    "office": Expected(
        form=r"{user}@castellbisbal\.cat",
        told=(RCPT, DATA, REPORT),
        canary_to=JUNK,
        problem="verdict: plain:",
        alert=f"{NAME}: spf=none dkim=fail dmarc=fail",
    ),
}


@dataclass
class JudgedTown:
    desk: RunningOffice
    outside: Receivers

    def everybody_writes(self) -> Mapping[str, tuple[int, str]]:
        """By each person's address, the cell and the number of the case."""
        asked: dict[str, tuple[int, str]] = {}
        for wave in WAVES:
            for cell in wave:
                for _ in range(MANY.get(cell, 1)):
                    person = Citizen(self.desk.mail_servers, "Veïna", domain=CELLS[cell].domain)
                    question = person.write(self.desk.address, f"Tràmit {person.user}", f"Com va el de {person.user}?")
                    asked[person.address] = cell, question
            until(partial(self._answered, len(asked)), 20, what=self.desk.log)
        return {address: (cell, number_of(self.desk, question)) for address, (cell, question) in asked.items()}

    def _answered(self, people: int) -> bool:
        ended = self.desk.rows("SELECT 1 FROM outbox WHERE kind = 'ack' AND state IN ('sent', 'failed')")
        return len(ended) == people


@pytest.fixture
def make(office: Callable[..., RunningOffice], mail_servers: MailServers) -> Iterator[Callable[[str], JudgedTown]]:
    with ExitStack() as opened:

        def made(envelope: str) -> JudgedTown:
            expected = ENVELOPES[envelope]
            send_to = f"{FORWARDS}@{CELLS[expected.canary_to].domain}"
            canary = {"enabled": True, "send_to": send_to, "receiver": NAME, "limit_minutes": expected.limit}
            desk = office(canary=canary, ack=NO_LIMITS)
            outside = opened.enter_context(Receivers(mail_servers, desk.address, CELLS.values()))
            for key in ("user", "password_file", "ca_file"):
                del desk.settings["smtp"][key]
            desk.change(smtp={"security": "none", "port": outside.port, "ack_envelope": envelope})
            desk.program = IMPATIENT
            return JudgedTown(desk, outside)

        yield made


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_a_refusal_is_told_at_its_case_and_of_its_domain_and_nothing_else_is(
    make: Callable[[str], JudgedTown], envelope: str
) -> None:
    expected, town = ENVELOPES[envelope], make(envelope)
    desk, outside = town.desk, town.outside
    domains = [CELLS[cell].domain for cell in expected.told if cell in MANY]

    def named() -> set[str]:
        """The cases of which an agent reads that their mail was refused."""
        return set(re.findall(r"OAC-2026-\d{6}", "".join(map(everything_in, desk.agent.inbox()))))

    def alerts(words: str) -> list[str]:
        return [text for text in map(text_of, desk.operator.inbox()) if words in text]

    with desk.running():
        asked = town.everybody_writes()
        refused = {number for cell, number in asked.values() if cell in expected.told}
        until(lambda: named() >= refused, 20, every=0.1, what=desk.log)
        awaited = [*(f"El domini {domain} rebutja" for domain in domains), expected.alert]
        until(lambda: all(map(alerts, awaited)), 20, every=0.1, what=desk.log)
        desk.passes()
        desk.wait_until_accounted()

        # the agent, at each case
        assert named() == refused
        notices = [text_of(mail) for mail in desk.agent.inbox() if mail["X-Oacmail-Kind"] == "bounced"]
        assert notices
        assert all(SAID in notice for notice in notices)
        states = {row["recipient"]: row["state"] for row in desk.rows("SELECT * FROM outbox WHERE kind = 'ack'")}
        told = {address for address, (cell, _) in asked.items() if cell in expected.told}
        assert {address for address, state in states.items() if state == "failed"} == told
        # the operator and the admin, of each domain and of the canary
        for domain in domains:
            (alert,) = alerts(f"El domini {domain} rebutja")
            assert SAID in alert
        problems = [f"{one['code']}: {one['text']}" for one in desk.status()["problems"]]
        begins = sorted((expected.problem, "failed:", *(f"refused: {domain}:" for domain in domains)))
        assert len(problems) == len(begins), problems
        assert all(map(str.startswith, sorted(problems), begins)), problems
        assert all(problem.endswith(SAID) for problem in problems if problem.startswith("refused:"))
        # nobody else, and nothing where mail arrives
        arrives = {0, TAKEN, JUNK} | ({SPF} - {*expected.told})
        got = outside.taken | outside.junk
        assert {*got} == {CELLS[cell].domain for cell in arrives}
        form = expected.form.format(user=desk.user)
        assert all(re.fullmatch(form, sender) for mails in got.values() for sender, _ in mails)
        assert not any(CELLS[cell].domain in text for cell in arrives for text in map(text_of, desk.operator.inbox()))
        # a report is no request, and no mail answers it
        assert outside.reports == (3 if REPORT in expected.told else 0)
        assert len(desk.cases()) == len(asked)
        canary = f"{FORWARDS}@{CELLS[expected.canary_to].domain}"
        assert outside.asked == {*asked, canary, desk.address, desk.agent.address, desk.operator.address}
