"""A huge message, and messages that cannot be read or processed: they are shown and retried."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from oacmail import config as settings
from oacmail import wiring
from oacmail.core.effects import Send
from oacmail.words.compose import FinalMail
from oacmail.words.renderer import Renderer
from testbed.messages import message
from testbed.office import NO_LIMITS
from tests.e2e.office import COMMAND, IMPATIENT, RunningOffice
from tests.servers.mail_servers import MailServers
from tests.servers.people import Citizen
from tests.servers.waiting import until

MakeOffice = Callable[..., RunningOffice]


def test_a_message_of_fifty_megabytes_is_a_case_and_takes_no_memory(
    mail_servers: MailServers, office: MakeOffice
) -> None:
    desk, anna = office(), Citizen(mail_servers)
    desk.program = COMMAND
    plans = bytes(range(256)) * (36 * 4096)  # 36 MiB, 50 MB on the way
    with desk.running():
        idle = desk.peak_memory()
        anna.write(
            desk.address,
            "Projecte d'obra major",
            "Us adjunto els plànols de l'obra.",
            attachments=[("plànols.pdf", "application/pdf", plans), ("nota.txt", "text/plain", b"breu")],
        )
        (case,) = desk.wait_for_cases(1, 40)
        anna.wait_for_mail(1, 20)
        peak = desk.peak_memory()
    print(f"peak of the daemon: {idle / 1e6:.0f} MB before, {peak / 1e6:.0f} MB after a message of 50 MB")
    assert peak < 150_000_000
    hers = next(line["data"] for line in desk.json("why", case["number"]) if line["kind"] == "message")
    named = {part["name"]: part["size"] for part in hers["attachments"]}
    assert named.keys() == {"plànols.pdf", "nota.txt"}
    assert abs(named["plànols.pdf"] - len(plans)) < 1000


# --- what cannot be processed --------------------------------------------------------------------------------


def test_a_message_on_which_the_server_hangs_up_delays_no_other_and_is_read_once_it_is_fixed(
    mail_servers: MailServers, office: MakeOffice
) -> None:
    desk, people = office(ack=NO_LIMITS), [Citizen(mail_servers) for _ in range(50)]
    desk.oacmail("once")
    for person in people:
        mail = message(person.address, desk.address, f"Dubte de {person.user}", "Com puc pagar el rebut?")
        desk.mailbox.deliver(mail.as_bytes())
    agent = desk.at_desk()
    until(lambda: len(agent.uids()) == 50)
    agent.close()
    desk.mailbox.corrupt_size(25)
    desk.program = IMPATIENT
    with desk.running():
        assert len(desk.wait_for_cases(49, 30)) == 49
        until(lambda: desk.rows("SELECT 1 FROM sightings WHERE outcome = 'quarantined'"), 20, what="quarantine")
        assert [line["attempt"] for line in desk.log_lines("message.unreadable")] == [1, 2, 3, 4]
        (waiting,) = desk.json("quarantine", "list")
        assert waiting["reason"].startswith("unreadable")
        until(lambda: desk.json("status", code=1)[0]["unaccounted"] == 0, what="copies are settled as well")
        ill = desk.json("status", code=1)[0]
        assert (ill["ok"], ill["quarantine"]) == (False, 1)
        assert any(problem["code"] == "quarantine" for problem in ill["problems"])
        desk.mailbox.fix_size(25)
        desk.oacmail("quarantine", "retry", waiting["ref"])
        desk.wait_for_cases(50)
        for person in people:
            person.wait_for_mail()
        assert desk.json("status", code=0)[0]["ok"]
    assert {len(person.inbox()) for person in people} == {1}


class _Stumbling(Renderer):
    """The real renderer, but for messages to one person: a bug of ours that nobody has thought of."""

    def __init__(self, right: Renderer, recipient: str) -> None:
        self._right, self._recipient = right, recipient

    def render(
        self, send: Send, message_id: str, sign: Callable[[str], str], now: datetime, *originals: bytes
    ) -> FinalMail:
        if send.recipient == self._recipient:
            raise ZeroDivisionError
        return self._right.render(send, message_id, sign, now, *originals)

    def draft(self, answer: Send, message_id: str, now: datetime) -> FinalMail:
        return self._right.draft(answer, message_id, now)


def test_a_message_over_which_our_own_code_stumbles_is_set_aside_with_its_bytes_and_comes_back(
    mail_servers: MailServers, office: MakeOffice, tmp_path: Path
) -> None:
    desk, anna, pere = office(), Citizen(mail_servers), Citizen(mail_servers)
    desk.oacmail("once")
    raw = message(anna.address, desk.address, "Rebut de l'aigua", "No entenc el rebut de l'aigua.").as_bytes()
    desk.mailbox.deliver(raw)
    pere.write(desk.address, "Gual", "Com demano un gual?")
    agent = desk.at_desk()
    until(lambda: len(agent.uids()) == 2)
    agent.close()
    parts = wiring.assemble(settings.load(desk.config))
    parts.engine.renderer = _Stumbling(parts.engine.renderer, anna.address)
    for _ in range(3):
        parts.intake.sync(compare=False)
    parts.close()
    assert [case["citizen"] for case in desk.cases()] == [pere.address]
    (waiting,) = desk.json("quarantine", "list")
    assert waiting["reason"] == "could not be processed: ZeroDivisionError"
    assert any(problem["code"] == "quarantine" for problem in desk.status()["problems"])
    exported = Path(desk.oacmail("quarantine", "export", waiting["ref"], str(tmp_path / "out")).stdout.strip())
    assert exported.read_bytes().replace(b"\r\n", b"\n") == raw
    desk.oacmail("quarantine", "retry", waiting["ref"])
    with desk.running():
        desk.wait_for_cases(2)
        anna.wait_for_mail()
        assert desk.json("quarantine", "list") == []
        assert desk.json("status")[0]["ok"]
