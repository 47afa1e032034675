"""Machine or person, by header fields; mail of people has strange ones too."""

import pytest

from oacmail.core.model import Auto, DeliveryStatus
from oacmail.mail.mime.headers import Fields
from oacmail.mail.understanding import machines
from oacmail.mail.understanding.machines import title_kind
from tests.mail.messages import corpus, fields, opened


@pytest.mark.parametrize(
    ("line", "verdict", "reason"),
    [
        ("Auto-Submitted: auto-replied (vacation)", Auto.REPLY, "auto-submitted: auto-replied (vacation)"),
        ("Auto-Submitted: auto-generated", Auto.REPLY, "auto-submitted: auto-generated"),
        ("Auto-Submitted: something-new", Auto.REPLY, "auto-submitted: something-new"),
        ("Return-Path: <>", Auto.REPLY, "return-path: <>"),
        ("Precedence: auto_reply", Auto.REPLY, "precedence: auto_reply"),
        ("Precedence: Bulk", Auto.BULK, "precedence: bulk"),
        ("Precedence: junk", Auto.BULK, "precedence: junk"),
        ("List-Id: Veïns <veins.example.org>", Auto.BULK, "list-id"),
        ("List-Unsubscribe: <https://example.org/u>", Auto.BULK, "list-unsubscribe"),
        ("X-Autoreply: yes", Auto.REPLY, "x-autoreply"),
        ("X-Autorespond: oficina@example.com", Auto.REPLY, "x-autorespond"),
        (
            "Content-Type: multipart/report; report-type=disposition-notification; boundary=x",
            Auto.REPLY,
            "content-type",
        ),
        ("Content-Type: multipart/report; report-type=feedback-report; boundary=x", Auto.BULK, "content-type"),
        ("X-Failed-Recipients: a@example.org", Auto.BOUNCE, "x-failed-recipients"),
    ],
)
def test_each_mark_of_a_machine_tells_its_kind_and_its_reason(line: str, verdict: Auto, reason: str) -> None:
    assert machines.classify(fields(line), "anna@example.org", None) == (verdict, (reason,))


@pytest.mark.parametrize(
    "line",
    [
        "Auto-Submitted: no",
        "Auto-Submitted: No (a person)",
        "X-Auto-Response-Suppress: All",
        "Feedback-ID: 63883382:user:proton",
        "Disposition-Notification-To: anna@example.org",
        "X-MS-Exchange-Inbox-Rules-Loop: info@castellbisbal.example",
        "X-Loop: info@castellbisbal.example",
        "Precedence: first-class",
        "Return-Path: <anna@example.org>",
        "X-Autoreply: no",
        "Subject: Resposta automàtica: Volant",
        "Subject: Fuera de la oficina: Consulta",
        "Subject: Read: your message",
    ],
)
def test_marks_that_people_s_mail_may_bear_prove_nothing(line: str) -> None:
    assert machines.classify(fields(line), "anna@example.org", None) == (Auto.NONE, ())


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        (("Precedence: normal", "Precedence: bulk"), Auto.BULK),
        (("Precedence: bulk", "Precedence: normal"), Auto.BULK),
        (("Auto-Submitted: no", "Auto-Submitted: auto-replied"), Auto.REPLY),
        (("X-Autoreply: no", "X-Autoreply: yes"), Auto.REPLY),
        (("Return-Path: <anna@example.org>", "Return-Path: <>"), Auto.NONE),
        (("Precedence: first-class", "Precedence: normal"), Auto.NONE),
    ],
)
def test_of_a_field_that_stands_twice_each_one_counts(lines: tuple[str, ...], verdict: Auto) -> None:
    assert machines.classify(fields(*lines), "anna@example.org", None)[0] is verdict


@pytest.mark.parametrize("name", ["person-on-proton", "person-redirected-by-a-rule", "person-quotes-a-bounce"])
def test_people_stay_people(name: str) -> None:
    _, seen, _ = opened(corpus(name))

    assert machines.classify(seen, "anna@example.org", None)[0] is Auto.NONE


@pytest.mark.parametrize(
    ("sender", "verdict"),
    [
        ("no-reply@example.org", Auto.BULK),
        ("security-noreply@example.org", Auto.BULK),
        ("no.respondre@example.org", Auto.BULK),
        ("no-respon@example.org", Auto.BULK),
        ("donotreply@example.org", Auto.BULK),
        ("mailer-daemon@example.org", Auto.BOUNCE),
        ("mailer_daemon@example.org", Auto.BOUNCE),
        ("post_master@example.org", Auto.NONE),
        ("postmaster@example.org", Auto.NONE),
        ("arnoreply.vila@example.org", Auto.NONE),
        ("info@noreply.example.org", Auto.NONE),
    ],
)
def test_only_names_that_no_person_bears_are_machines(sender: str, verdict: Auto) -> None:
    assert machines.classify(Fields(()), sender, None)[0] is verdict


@pytest.mark.parametrize("sender", ["postmaster@example.org", "post_master@example.org", "post-master@example.org"])
def test_what_a_machine_sends_in_the_postmasters_name_is_a_report(sender: str) -> None:
    assert machines.classify(fields("Auto-Submitted: auto-generated"), sender, None)[0] is Auto.BOUNCE


def test_a_daemon_without_an_address_is_a_mail_server() -> None:
    assert machines.classify(fields("From: MAILER-DAEMON <>"), "", None) == (Auto.BOUNCE, ("from",))


def test_a_delivery_report_is_one_whatever_else_it_bears() -> None:
    seen = fields("Auto-Submitted: auto-replied", "Precedence: bulk")

    verdict, reasons = machines.classify(seen, "mailer-daemon@example.org", DeliveryStatus(action="delayed"))

    assert verdict is Auto.BOUNCE
    assert reasons[0] == "report: delayed"
    assert "auto-submitted: auto-replied" in reasons


# What a subject calls its message.


@pytest.mark.parametrize(
    "subject",
    [
        "Resposta automàtica: Volant",
        "Fuera de la oficina: Consulta",
        "Réponse automatique : volant",
        "Abwesenheitsnotiz: Anfrage",
        "Permís de paternitat - resposta automàtica",
        "Queixa: resposta automàtica",
    ],
)
def test_the_titles_of_autoresponders_are_known(subject: str) -> None:
    assert title_kind(subject, "", answers=False) == "automatic"


@pytest.mark.parametrize(
    "subject",
    [
        "Re: Resposta automàtica: no entenc què em dieu",
        "RE: Fora de l'oficina",
        "Soc fora de l'oficina i no puc signar",
        "La resposta automàtica no m'arriba",
        "Resposta automàtica",
        "Read the form twice and still lost",
        "Leído: no lo entiendo",
    ],
)
def test_subjects_of_people_say_nothing(subject: str) -> None:
    assert title_kind(subject, "", answers=False) == ""


def test_a_receipt_answers_something() -> None:
    assert title_kind("Leído: Re: Volante", "", answers=True) == "receipt"
    assert title_kind("Acuse de recibo", "", answers=True) == "receipt"


def test_who_tells_a_trouble_of_his_own_is_a_person() -> None:
    assert title_kind("Resposta automàtica: no em serveix", "El formulari em surt en blanc.", answers=True) == ""


@pytest.mark.parametrize(
    ("subject", "text", "kind"),
    [
        ("Fora de l'oficina", "Soc fora de l'oficina fins al 15.", "automatic"),
        ("Out of office", "I am away until Monday.", "automatic"),
        ("Fora de l'oficina", "Soc fora de l'oficina fins al 15. Em podeu canviar la cita?", ""),
        ("Fora de l'oficina", "Ahir hi vaig anar i era tancat.", ""),
    ],
)
def test_a_bare_title_counts_where_its_writer_says_that_he_is_away(subject: str, text: str, kind: str) -> None:
    assert title_kind(subject, text, answers=False) == kind
