"""A second town: every mail of every template bears its own name, telephone and addresses, and none of the first's."""

import re
from collections.abc import Mapping
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest

from oacmail import config as settings
from oacmail import wiring
from oacmail.core.effects import Send
from oacmail.core.kinds import KINDS, MailKind
from oacmail.words.facts import SAMPLES
from tests.words.test_templates import IN_HOURS, OUT_OF_HOURS, send

TENANT = re.compile(r"castellbisbal|OAC.?360|900.?772.?772|\b772\b", re.IGNORECASE)
OLESA: Mapping[str, Mapping[str, object]] = {
    "office": {
        "address": "atencio@olesademontserrat.cat",
        "state": "state",
        "town": "Olesa de Montserrat",
        "online_office_url": "https://seu.olesademontserrat.cat/",
        "name": "OAC Olesa",
        "languages": ["es", "ca", "en"],
        "phone": "937 780 050",
        "website": "https://www.olesademontserrat.cat/",
        "holidays": "festes.toml",
        "complaints_form_url": "https://www.olesademontserrat.cat/queixes",
        "privacy_url": "https://www.olesademontserrat.cat/privacitat",
        "rights_url": "https://www.olesademontserrat.cat/drets",
        "dpo": "dpd@olesademontserrat.cat",
    },
    "imap": {"host": "imap.olesademontserrat.cat", "user": "atencio"},
    "smtp": {"host": "smtp.olesademontserrat.cat"},
    "people": {"supervisor": "cap@olesademontserrat.cat", "operator": "tic@olesademontserrat.cat"},
}
# Its own fair: the Monday after is no working day there.
FESTES = """
[2026]
provisional = false
sources = { local = "Ple municipal" }
holidays = [{ date = 2026-11-30, scope = "local", ca = "Fira", es = "Feria", en = "Fair" }]
"""


class ShownMail(NamedTuple):
    template: str
    lang: str
    facts: Mapping[str, object]
    parsed: EmailMessage
    words: str  # all that anybody can see


def parsed(folder: Path, **office: object) -> settings.Config:
    (folder / "festes.toml").write_text(FESTES, "utf-8")
    return settings.parse({**OLESA, "office": {**OLESA["office"], **office}}, base=folder)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> settings.Config:
    return parsed(tmp_path_factory.mktemp("olesa"))


@pytest.fixture(scope="module")
def mails(config: settings.Config) -> list[ShownMail]:
    return _mails(config)


_HOURS = (*(("ca", now) for now in (IN_HOURS, OUT_OF_HOURS)), *((lang, IN_HOURS) for lang in ("es", "en", "es+en")))


def _mails(config: settings.Config) -> list[ShownMail]:
    """Every template, in each language and in two, with all the facts that `check` tries it with, open and closed: its
    name, language, mail, and all words that anybody can see."""
    renderer = wiring.renderer(config, wiring.rules(config))
    made = []
    for template, (lang, now) in product(SAMPLES, _HOURS):
        for facts in SAMPLES[template]:
            mail: Send = send(template, lang, facts=facts)
            rendered = renderer.render(
                mail, "<0f@olesademontserrat.cat>", lambda _: "v=1; s=00", now, b"Subject: x\r\n\r\nx"
            )
            assert rendered.fallback == ()
            parsed = message_from_bytes(rendered.mime, policy=default)
            assert isinstance(parsed, EmailMessage)
            made.append(ShownMail(template, lang, facts, parsed, _words(parsed)))
    return made


def _words(mail: EmailMessage) -> str:
    """All that anybody can see: header fields decoded, text, and HTML."""
    fields = [f"{name}: {value}" for name, value in mail.items()]
    bodies = [mail.get_body((kind,)) for kind in ("plain", "html")]
    return "\n".join([*fields, *(str(part.get_content()) for part in bodies if part is not None)])


def test_no_mail_of_another_town_bears_a_word_of_the_first(mails: list[ShownMail]) -> None:
    assert {template for template, *_ in mails} == SAMPLES.keys()
    found = {(template, lang, word) for template, lang, _, _, words in mails for word in TENANT.findall(words)}
    assert found == set()


SIGNED = {"ca": "Ajuntament d'Olesa de Montserrat", "es": "Ayuntamiento de Olesa de Montserrat"}
SIGNED |= {"en": "Olesa de Montserrat town hall"}


def test_every_mail_to_a_citizen_is_signed_by_its_own_council_with_its_own_telephone(
    mails: list[ShownMail],
) -> None:
    told = {"ack", "passed_on", "progress", "warned", "not_reached"}
    for template, lang, facts, mail, seen in mails:
        assert mail["From"] == "OAC Olesa <atencio@olesademontserrat.cat>"
        assert KINDS[MailKind(template)].about_case == str(mail["Subject"]).startswith("[OAC-2026-000123-K7Q]")
        if template in told:
            words = seen.replace("\xa0", " ")
            phone = [] if facts.get("road") == "data_rights" else ["937 780 050"]  # nothing there is urgent
            wanted = [name for code in lang.split("+") for name in (SIGNED[code], *phone)]
            assert [name for name in wanted if name not in words] == []


def test_its_own_holiday_moves_the_day_that_it_promises(config: settings.Config) -> None:
    renderer = wiring.renderer(config, wiring.rules(config))
    made = renderer.render(send(lang="ca", due_at=None), "<0f@x>", lambda _: "v=1; s=00", OUT_OF_HOURS)
    text = message_from_bytes(made.mime, policy=default).get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "1 de desembre" in text
    assert "30 de novembre" not in text


def test_where_things_are_filed_stands_in_every_acknowledgement_that_speaks_of_a_term(mails: list[ShownMail]) -> None:
    """In the first one of each question, and where the person names a term of their own."""
    acks = [mail for mail in mails if mail.template == "ack" and "road" not in mail.facts]
    speak = [mail.facts.get("first", True) or "ends_on" in mail.facts for mail in acks]
    assert set(speak) == {True, False}
    assert ["https://seu.olesademontserrat.cat/" in mail.words for mail in acks] == speak


@pytest.mark.parametrize(
    ("town", "ca", "es", "en"),
    [
        ("Olesa de Montserrat", "Ajuntament d'Olesa de Montserrat", "Ayuntamiento de Olesa de Montserrat", ""),
        ("Ullastrell", "Ajuntament d'Ullastrell", "Ayuntamiento de Ullastrell", "Ullastrell town hall"),
        ("Òdena", "Ajuntament d'Òdena", "Ayuntamiento de Òdena", "Òdena town hall"),
        ("Hostalric", "Ajuntament d'Hostalric", "Ayuntamiento de Hostalric", "Hostalric town hall"),
        ("Rubí", "Ajuntament de Rubí", "Ayuntamiento de Rubí", "Rubí town hall"),
        ("el Papiol", "Ajuntament del Papiol", "Ayuntamiento de El Papiol", "El Papiol town hall"),
        ("els Hostalets", "Ajuntament dels Hostalets", "Ayuntamiento de Els Hostalets", ""),
        ("la Garriga", "Ajuntament de la Garriga", "Ayuntamiento de La Garriga", "La Garriga town hall"),
        ("L'Hospitalet", "Ajuntament de l'Hospitalet", "Ayuntamiento de L'Hospitalet", "L'Hospitalet town hall"),
        ("les Franqueses", "Ajuntament de les Franqueses", "Ayuntamiento de Les Franqueses", ""),
    ],
)
def test_how_a_council_is_called_follows_from_its_town(tmp_path: Path, town: str, ca: str, es: str, en: str) -> None:
    config = parsed(tmp_path, town=town)
    names = wiring.office_profile(config, wiring.rules(config)).council
    assert (names["ca"], names["es"]) == (ca, es)
    assert names["en"] == (en or f"{town[0].upper()}{town[1:]} town hall")


def test_a_council_may_name_itself_in_each_language(tmp_path: Path) -> None:
    own = {"ca": "Consell Municipal", "es": "Concejo"}
    config = parsed(tmp_path, council=own)
    names = wiring.office_profile(config, wiring.rules(config)).council
    assert dict(names) == {"ca": "Consell Municipal", "es": "Concejo", "en": "Olesa de Montserrat town hall"}
