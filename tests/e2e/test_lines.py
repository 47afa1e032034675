"""Servers that fail, change or have a wrong certificate: one log line for each fault, and no mail is lost."""

import ssl
from collections.abc import Callable
from pathlib import Path

from oacmail.advice import meaning
from oacmail.cli.status import lines
from tests.e2e.impatient import SHORT_SILENCE
from tests.e2e.office import IMPATIENT, RunningOffice
from tests.servers.certs import make_certificates
from tests.servers.mail_servers import MailServers
from tests.servers.people import Citizen
from tests.servers.ports import free_port
from tests.servers.proxy import Proxy
from tests.servers.waiting import until

MakeOffice = Callable[..., RunningOffice]


def _outages(desk: RunningOffice, name: str) -> tuple[int, int]:
    """How many outages of "imap" or "smtp" the log tells of, and how many recoveries."""
    return len(desk.log_lines(f"{name}.down")), len(desk.log_lines(f"{name}.recovered"))


def _known(desk: RunningOffice, problem: str) -> bool:
    return bool(desk.rows("SELECT 1 FROM kv WHERE key = ?", f"problem:{problem}"))


def _acknowledged(desk: RunningOffice, person: Citizen) -> None:
    until(person.mailbox.files, 25, what=lambda: f"mail for {person.user}\n{desk.log()}\n{desk.mail_servers.log()}")


def test_dovecot_goes_away_and_comes_back_with_one_line_each_and_the_mail_of_the_meantime_is_answered(
    own_mail_servers: MailServers, own_office: MakeOffice
) -> None:
    desk, anna = own_office(), Citizen(own_mail_servers)
    with desk.running():
        own_mail_servers.dovecot.stop()
        until(lambda: _known(desk, "imap"), what="the outage")
        assert any(problem["code"] == "imap" for problem in desk.status()["problems"])
        anna.write(desk.address, "Horari de la deixalleria", "Quin horari té la deixalleria?")
        until(lambda: desk.log().count("imap.down") == 1)
        own_mail_servers.dovecot.start()
        _acknowledged(desk, anna)
        until(lambda: not _known(desk, "imap"))
        assert _outages(desk, "imap") == (1, 1)
        assert desk.status()["problems"] == []


def test_postfix_goes_away_and_comes_back_with_one_line_each_and_the_acknowledgement_leaves(
    own_mail_servers: MailServers, own_office: MakeOffice
) -> None:
    desk, anna, pere = own_office(), Citizen(own_mail_servers), Citizen(own_mail_servers)
    with desk.running():
        anna.write(desk.address, "Beca menjador", "Com demano la beca menjador?")
        _acknowledged(desk, anna)
        until(lambda: own_mail_servers.postfix.queue() == 0)  # what it is just delivering it would deliver again
        own_mail_servers.postfix.stop()
        desk.mailbox.deliver(b"From: %s\r\nSubject: Taxa\r\n\r\nQuant val la taxa?" % pere.address.encode())
        desk.wait_for_cases(2)
        until(lambda: _known(desk, "smtp"), what="the outage")
        (mail,) = desk.json("outbox", "list")
        assert (mail["recipient"], mail["state"], mail["attempts"]) == (pere.address, "queued", 0)
        own_mail_servers.postfix.start()
        _acknowledged(desk, pere)
        until(lambda: not _known(desk, "smtp"))
        assert _outages(desk, "smtp") == (1, 1)
    assert [len(person.inbox()) for person in (anna, pere)] == [1, 1]


def test_a_half_open_line_is_noticed_though_no_word_says_so(
    own_mail_servers: MailServers, own_office: MakeOffice
) -> None:
    desk, anna = own_office(), Citizen(own_mail_servers)
    desk.program = IMPATIENT
    with Proxy(own_mail_servers.dovecot.imaps_port) as wire:
        desk.change(imap={"port": wire.port})
        desk.start(environ=SHORT_SILENCE)
        wire.stall()
        anna.write(desk.address, "Cens", "No surto al cens electoral.")
        until(lambda: _known(desk, "imap"), 20, what="the silence is noticed")
        wire.restore()
        _acknowledged(desk, anna)
        until(lambda: _outages(desk, "imap") == (1, 1))
        desk.stop()


def test_a_line_that_breaks_in_the_midst_of_everything_costs_nothing(
    own_mail_servers: MailServers, own_office: MakeOffice
) -> None:
    imap, smtp = Proxy(own_mail_servers.dovecot.imaps_port), Proxy(own_mail_servers.postfix.submission_port)
    desk = own_office(imap={"port": imap.port}, smtp={"port": smtp.port})
    desk.program = IMPATIENT
    with imap, smtp, desk.running():
        people = [Citizen(own_mail_servers) for _ in range(12)]
        for number, person in enumerate(people):
            person.write(desk.address, f"Tràmit {person.user}", f"Com acabo el tràmit {number}?")
            imap.cut()
            if number % 3 == 0:
                smtp.cut()
        for person in people:
            _acknowledged(desk, person)
        desk.passes()
        desk.wait_until_accounted()
        assert len(desk.cases()) == len(people)
    assert {len(person.inbox()) for person in people} == {1}


def test_a_certificate_of_an_unknown_authority_is_refused_in_clear_words(
    own_mail_servers: MailServers, own_office: MakeOffice, tmp_path: Path
) -> None:
    stranger = str(make_certificates(tmp_path / "stranger").ca)
    desk = own_office(imap={"ca_file": stranger})
    done = desk.oacmail("once", code=75)
    assert "certificate" in done.stderr
    assert "certificate" in desk.oacmail("check", "--online", code=1).stdout
    desk.change(imap={"ca_file": str(own_mail_servers.certs.ca)}, smtp={"ca_file": stranger})
    anna = Citizen(own_mail_servers)
    desk.launch()
    until(lambda: "oacmail" in desk.log() or desk.rows("SELECT 1 FROM kv WHERE key = 'passes'"))
    anna.write(desk.address, "Escola", "Quan comença la preinscripció?")
    until(lambda: any("certificate" in line["error"] for line in desk.log_lines("smtp.down")), what=desk.log())
    assert anna.inbox() == []


def test_an_authority_without_key_usage_is_named_with_its_own_remedy(
    own_mail_servers: MailServers, tmp_path: Path
) -> None:
    """Python 3.13 refuses such an authority by itself; older ones are told to here."""
    certs = make_certificates(tmp_path, authority=())
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certs.cert, certs.key)
    client = ssl.create_default_context(cafile=certs.ca)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = client.wrap_bio(down, up, server_hostname="localhost"), server.wrap_bio(up, down, server_side=True)
    what = do = ""
    for end in ends * 3:
        try:
            end.do_handshake()
        except ssl.SSLCertVerificationError as refused:
            what, do = meaning("imap", f"IMAP connect: SSLCertVerificationError {refused.verify_message}")
            break
        except ssl.SSLWantReadError:
            continue
    assert what == "its authority's certificate lacks what RFC 5280 demands"
    assert "keyUsage = critical, keyCertSign" in do


def test_a_ca_file_that_is_not_there_or_is_no_certificate_is_named(office: MakeOffice) -> None:
    desk = office(imap={"ca_file": "gone.pem"})
    for said in (desk.oacmail("once", code=75).stderr, desk.oacmail("check", "--online", code=1).stdout):
        assert "the file of its authority is not there" in said
        assert "imap.ca_file" in said
    (desk.root / "gone.pem").write_text("no certificate\n")
    assert "the file of its authority holds no certificate" in desk.oacmail("once", code=75).stderr


def test_each_command_that_needs_the_mailbox_explains_an_unreachable_server_as_check_does(office: MakeOffice) -> None:
    desk = office(imap={"port": free_port()})
    (found,) = [line for line in desk.json("check", "--online", code=1) if line["where"] == "imap"]
    assert found["what"].startswith("it cannot be reached (IMAP ")
    for verb in (("rebuild", "--yes", "--since", "2020-01-01"), ("once",), ("export", "anna@example.cat")):
        told = desk.oacmail(*verb, code=75).stderr
        assert f"oacmail: temporary: imap: {found['what']}: {found['do']}\n" in told, verb


def test_a_folder_that_cannot_be_opened_is_reported_and_holds_back_nobody(
    mail_servers: MailServers, office: MakeOffice
) -> None:
    desk, anna = office(imap={"watch": ["INBOX", "\\Sent", "Feina", "Antics"]}), Citizen(mail_servers)
    agent = desk.at_desk()
    agent.create("Feina")
    agent.close()
    desk.oacmail("once")
    desk.mailbox.path("Feina").chmod(0)
    anna.write(desk.address, "Parcs", "Quan obre el parc?")
    until(lambda: desk.mailbox.files(), what="her message")
    told = desk.oacmail("once", code=75).stderr
    assert "oacmail: temporary: imap: it refuses a command (IMAP SELECT: error" in told
    desk.launch()
    anna.wait_for_mail()
    until(lambda: _known(desk, "folder-unread"))
    problems = " ".join(lines(desk.status()))
    assert "folder-unread" in problems
    assert "folder-missing" in problems  # nobody has ever made "Antics"
    desk.mailbox.path("Feina").chmod(0o700)
    until(lambda: not _known(desk, "folder-unread"))
    assert len(desk.log_lines("folder.unread")) == 1
