"""Translates a validated Config into the core's Policy and the mail layer's ParserConfig.

The functions are pure. They apply the fallbacks of docs/interfaces.md section 4, so that no rule gets an empty list of
people where a fallback exists.
"""

from datetime import timedelta
from typing import Literal

from oacmail.config.model import Config
from oacmail.core import policy as core
from oacmail.core.model import BoardFolder
from oacmail.core.policy import Workdays
from oacmail.mail.parser_config import ParserConfig, TownWords
from oacmail.words.labels import folder_names

_SELF_COPY: dict[bool | str, Literal["yes", "no", "server"]] = {True: "yes", False: "no", "server": "server"}


def policy(
    config: Config, *, workdays: Workdays, secrets: tuple[bytes, ...], instance: str, shadow: bool = False
) -> core.Policy:
    """The office's rules for the core. `secrets`: the token keys; `instance`: `config.secrets.instance`."""
    people = _people(config)
    deadline, escalation, ack = config.deadline, config.escalation, config.ack
    return core.Policy(
        office=_office(config),
        people=people,
        workdays=workdays,
        secrets=secrets,
        instance=instance,
        deadlines=core.Deadlines(**deadline.model_dump()),
        escalation=core.Escalation(**escalation.model_dump()),
        budgets=core.Budgets(**ack.model_dump()),
        sending=_sending(config),
        digest=core.Digest(to=people.agents if config.digest.to is None else config.digest.to, at=config.digest.at),
        canary=_canary(config),
        survey=core.SurveyRules(**config.survey.model_dump()),
        report_to=config.report.to,
        provable=config.trust.provider != "none",
        form_senders=frozenset(config.callback.form_senders),
        call_attempts=config.callback.attempts,
        tax_operator=config.office.tax_operator,
        board=_board(config),
        pointers=tuple(
            core.Pointer(body=pointer.body, address=pointer.address or "", phone=pointer.phone or "")
            for pointer in config.pointer
        ),
        shadow=shadow,
    )


def parser_config(config: Config) -> ParserConfig:
    """The facts about the office that parsing needs."""
    trust = config.trust
    return ParserConfig(
        own=frozenset((config.office.address, *config.office.aliases)),
        prefix=config.office.prefix,
        town=config.office.town,
        phone=config.office.phone,
        language=config.office.languages[0],
        topics=tuple(TownWords(topic.name, topic.level, topic.words) for topic in config.topic),
        provider=trust.provider,
        authserv_id=trust.authserv_id or "",
        mx=trust.mx,
        internal_relays=trust.internal_relays,
    )


def _office(config: Config) -> core.Office:
    office = config.office
    return core.Office(
        address=office.address,
        name=office.name,
        aliases=office.aliases,
        timezone=office.timezone,
        languages=office.languages,
        language_policy=office.language_policy,
        opens=office.hours[0],
        closes=office.hours[1],
        prefix=office.prefix,
        plus_addressing=config.trust.plus_addressing,
    )


def _people(config: Config) -> core.People:
    """The fallbacks forms -> technical -> supervisor and agents -> supervisor (docs/interfaces.md section 4)."""
    people = config.people
    technical = people.technical or people.supervisor
    return core.People(
        supervisor=people.supervisor,
        operator=people.operator,
        agents=people.agents or people.supervisor,
        technical=technical,
        forms=people.forms or technical,
        dpo=config.office.dpo,
    )


def _board(config: Config) -> core.Board | None:
    """The folders' names in the office's language, unless the town has names of its own."""
    board = config.board
    if not board.enabled:
        return None
    own = {BoardFolder(folder): name for folder, name in board.names.items()}
    return core.Board(root=board.root, names={**folder_names(config.office.languages[0]), **own})


def _canary(config: Config) -> core.CanaryRules:
    canary = config.canary
    return core.CanaryRules(
        enabled=canary.enabled,
        send_to=canary.send_to or "",
        every=timedelta(minutes=canary.every_minutes),
        limit=timedelta(minutes=canary.limit_minutes),
    )


def _sending(config: Config) -> core.Sending:
    smtp = config.smtp
    return core.Sending(
        self_copy=_SELF_COPY[smtp.self_copy],
        give_up_days=smtp.give_up_days,
        uncertain_seconds=smtp.uncertain_seconds,
    )
