"""What the core and the mail layer get from the configuration."""

from datetime import date, time
from zoneinfo import ZoneInfo

import pytest
from msgspec import NODEFAULT, Struct
from msgspec.structs import fields, replace

from oacmail import config, wiring
from oacmail.core import policy as core
from oacmail.core.policy import Policy
from oacmail.mail.parser_config import ParserConfig, Wording
from tests.config.conftest import Read, keys_of

CAP, ANNA, TEC, DOC = (f"{name}@castellbisbal.example" for name in ("cap", "anna", "tec", "doc"))


class AlwaysWorking:
    def is_working_day(self, day: date) -> bool:
        return True


def _policy(read: config.Config, *, shadow: bool = False) -> Policy:
    return config.policy(read, workdays=AlwaysWorking(), secrets=(b"s" * 32,), instance="0a1b2c3d", shadow=shadow)


@pytest.mark.parametrize(
    ("people", "agents", "technical", "forms"),
    [
        ("", (CAP,), (CAP,), (CAP,)),
        (f'technical = "{TEC}"', (CAP,), (TEC,), (TEC,)),
        (f'forms = ["{DOC}"]', (CAP,), (CAP,), (DOC,)),
        (f'agents = ["{ANNA}"]\ntechnical = ["{TEC}"]\nforms = ["{DOC}"]', (ANNA,), (TEC,), (DOC,)),
    ],
)
def test_an_empty_list_falls_back(
    read: Read, people: str, agents: tuple[str, ...], technical: tuple[str, ...], forms: tuple[str, ...]
) -> None:
    staff = _policy(read(people=people)).people
    assert (staff.agents, staff.technical, staff.forms) == (agents, technical, forms)


@pytest.mark.parametrize(
    ("digest", "people", "to"),
    [
        ("", f'agents = ["{ANNA}"]', (ANNA,)),
        ("", "", (CAP,)),
        ("[digest]\nto = []", f'agents = ["{ANNA}"]', ()),
        (f'[digest]\nto = ["{DOC}"]', f'agents = ["{ANNA}"]', (DOC,)),
    ],
)
def test_the_digest_goes_to_the_agents_by_default(read: Read, digest: str, people: str, to: tuple[str, ...]) -> None:
    assert _policy(read(rest=digest, people=people)).digest.to == to


def test_the_core_knows_the_office_as_the_file_says(read: Read) -> None:
    policy = _policy(
        read(
            office='aliases = ["ajuda@castellbisbal.example"]\nhours = ["09:00", "14:00"]\ntimezone = "Africa/Ceuta"',
            rest='[callback]\nform_senders = ["truca@form.example"]\n[deadline]\nbusiness_days = 2\nremind_hours = 0\n'
            '[trust]\nprovider = "gmail"\n[ack]\nper_domain_hour = 7\n[escalation]\ncomplex_days = 9',
        ),
        shadow=True,
    )
    assert policy.office.own == {"oac360@castellbisbal.example", "ajuda@castellbisbal.example"}
    assert (policy.office.opens, policy.office.closes) == (time(9), time(14))
    assert policy.office.timezone == ZoneInfo("Africa/Ceuta")
    assert (policy.deadlines.business_days, policy.deadlines.remind_hours) == (2, 0)
    assert (policy.budgets.per_domain_hour, policy.escalation.complex_days) == (7, 9)
    assert policy.form_senders == {"truca@form.example"}
    assert policy.provable
    assert policy.shadow


@pytest.mark.parametrize(
    ("section", "part"),
    [
        ("office", core.Office),
        ("smtp", core.Sending),
        ("digest", core.Digest),
    ],
)
def test_a_default_of_the_policy_is_the_default_of_the_file(section: str, part: type[Struct]) -> None:
    """Where both are declared: a rule is tested under its default, and the file may lack the section."""
    of_policy = {field.name: field.default for field in fields(part) if field.default is not NODEFAULT}
    keys = keys_of(config.Config.model_fields[section].annotation)
    of_file = {name: default for name, default in keys.items() if default is not None}
    same = of_policy.keys() & of_file.keys()
    assert same
    assert {name: of_policy[name] for name in same} == {name: of_file[name] for name in same}


def test_without_a_provider_nobody_is_provable(read: Read) -> None:
    assert not _policy(read()).provable


def test_the_mail_layer_knows_the_office(read: Read) -> None:
    read_file = read(
        office='prefix = "VILA"',
        rest='[trust]\nprovider = "postfix"\n'
        'authserv_id = "MX.castellbisbal.example"\nmx = "mx.castellbisbal.example"\n'
        'internal_relays = ["10.1.2.3/16", "2001:db8::1"]',
    )
    assert replace(wiring.parser_config(read_file), wording=Wording()) == ParserConfig(
        own=frozenset({"oac360@castellbisbal.example"}),
        prefix="VILA",
        town="Castellbisbal",
        phone="900 772 772",
        language="ca",
        timezone=ZoneInfo("Europe/Madrid"),
        provider="postfix",
        authserv_id="mx.castellbisbal.example",
        mx=("mx.castellbisbal.example",),
        internal_relays=("10.1.0.0/16", "2001:db8::1/128"),
    )
