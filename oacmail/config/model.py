"""The whole config.toml as one value, the rules that need two sections, and what core gets of it.

Pydantic collects all errors of all sections at once; config/loading.py turns them into lines for the admin.
"""

from datetime import time
from typing import Annotated, Any, Literal, TypeVar

from msgspec import Struct
from pydantic import Field, ValidationInfo, field_validator

from oacmail.config.sections import (
    BoardSection,
    CallbackSection,
    CanarySection,
    DigestSection,
    ImapSection,
    MonitoringSection,
    OauthSection,
    OfficeSection,
    Part,
    PeopleSection,
    PrivacySection,
    ReportSection,
    Section,
    SmtpSection,
    TopicSection,
    TrustSection,
    wrong,
)
from oacmail.core import policy as core
from oacmail.core.model import BoardFolder
from oacmail.words.labels import folder_names

Rules = TypeVar("Rules", bound=Struct)


def _takes_token(imap: ImapSection, server: ImapSection | SmtpSection) -> bool:
    return imap.provider != "generic" and server.auth != "password" and server.user is not None


class Config(Section):
    """The validated config.toml. Keys and defaults: docs/config.md; promises: docs/interfaces.md section 5."""

    office: OfficeSection
    imap: ImapSection
    smtp: SmtpSection
    people: PeopleSection
    oauth: OauthSection = Field(default=OauthSection(), validate_default=True)
    trust: TrustSection = TrustSection()
    deadline: Annotated[core.Deadlines, Part()] = Field(default={}, validate_default=True)
    escalation: Annotated[core.Escalation, Part()] = core.Escalation()
    ack: Annotated[core.Budgets, Part()] = core.Budgets()
    callback: CallbackSection = CallbackSection()
    board: BoardSection = BoardSection()
    survey: Annotated[core.SurveyRules, Part()] = core.SurveyRules()
    canary: Annotated[CanarySection, Part()] = CanarySection()
    monitoring: MonitoringSection = MonitoringSection()
    digest: DigestSection = DigestSection()
    report: ReportSection = ReportSection()
    privacy: PrivacySection = PrivacySection()
    topic: tuple[TopicSection, ...] = ()
    pointer: tuple[Annotated[core.Pointer, Part()], ...] = ()

    def takes_token(self, server: Literal["imap", "smtp"]) -> bool:
        """Whether oacmail itself gets the OAuth token for this server."""
        return _takes_token(self.imap, getattr(self, server))

    @property
    def uses_oauth(self) -> bool:
        return self.takes_token("imap") or self.takes_token("smtp")

    @field_validator("oauth")
    @classmethod
    def _names_the_application(cls, oauth: OauthSection, info: ValidationInfo) -> OauthSection:
        """Microsoft must be told tenant and application; Google's file of the secret names them."""
        imap, smtp = info.data.get("imap"), info.data.get("smtp")
        if imap is None or smtp is None or imap.provider != "microsoft365":
            return oauth
        if (_takes_token(imap, imap) or _takes_token(imap, smtp)) and not (oauth.tenant and oauth.client_id):
            raise wrong(
                "lacks tenant or client_id, which Microsoft needs",
                "copy both from the application's overview in the Entra admin centre (docs/provider.md)",
            )
        return oauth

    @field_validator("deadline")
    @classmethod
    def _ends_after_opening(cls, deadline: core.Deadlines, info: ValidationInfo) -> core.Deadlines:
        office: OfficeSection | None = info.data.get("office")
        opens = office.hours[0] if office else time.min
        if deadline.day_end <= opens:
            raise wrong(
                "has a day_end before the office opens", 'write the hour when the day ends, like day_end = "20:00"'
            )
        return deadline


def policy(
    config: Config, *, workdays: core.Workdays, secrets: tuple[bytes, ...], instance: str, shadow: bool = False
) -> core.Policy:
    """The office's rules for the core. `secrets`: the token keys; `instance`: `config.secrets.instance`.

    It applies the fallbacks of docs/interfaces.md section 4 (forms -> technical -> supervisor, agents -> supervisor,
    digest -> agents), so that no rule gets an empty list of people where a fallback exists.
    """
    office, people = config.office, config.people
    agents, technical = people.agents or people.supervisor, people.technical or people.supervisor
    return core.Policy(
        office=part_of(
            core.Office,
            office,
            opens=office.hours[0],
            closes=office.hours[1],
            plus_addressing=config.trust.plus_addressing,
        ),
        people=part_of(
            core.People, people, agents=agents, technical=technical, forms=people.forms or technical, dpo=office.dpo
        ),
        workdays=workdays,
        secrets=secrets,
        instance=instance,
        deadlines=config.deadline,
        escalation=config.escalation,
        budgets=config.ack,
        sending=part_of(core.Sending, config.smtp),
        digest=part_of(core.Digest, config.digest, to=agents if config.digest.to is None else config.digest.to),
        canary=config.canary,
        survey=config.survey,
        report_to=config.report.to,
        provable=config.trust.provider != "none",
        form_senders=frozenset(config.callback.form_senders),
        call_attempts=config.callback.attempts,
        tax_operator=office.tax_operator,
        board=_board(config),
        pointers=config.pointer,
        shadow=shadow,
    )


def part_of(kind: type[Rules], section: Section, **derived: Any) -> Rules:
    """A Struct of another layer: what the section has under the same name, unless it is not set, and what is
    derived."""
    same = {name: getattr(section, name, None) for name in kind.__struct_fields__}
    return kind(**{name: value for name, value in same.items() if value is not None} | derived)


def _board(config: Config) -> core.Board | None:
    """The folders' names in the office's language, unless the town has names of its own."""
    board = config.board
    if not board.enabled:
        return None
    own = {BoardFolder(folder): name for folder, name in board.names.items()}
    return core.Board(root=board.root, names={**folder_names(config.office.languages[0]), **own})
