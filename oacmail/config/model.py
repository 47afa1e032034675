"""The whole config.toml as one value, and the rules that need two sections.

Pydantic collects all errors of all sections at once; config/loading.py turns them into lines for the admin.
"""

from datetime import time
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from oacmail.config.sections import (
    AckSection,
    BoardSection,
    CallbackSection,
    CanarySection,
    DeadlineSection,
    DigestSection,
    EscalationSection,
    ImapSection,
    MonitoringSection,
    OauthSection,
    OfficeSection,
    PeopleSection,
    PointerSection,
    PrivacySection,
    ReportSection,
    Section,
    SmtpSection,
    SurveySection,
    TopicSection,
    TrustSection,
    wrong,
)


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
    deadline: DeadlineSection = Field(default=DeadlineSection(), validate_default=True)
    escalation: EscalationSection = EscalationSection()
    ack: AckSection = AckSection()
    callback: CallbackSection = CallbackSection()
    board: BoardSection = BoardSection()
    survey: SurveySection = SurveySection()
    canary: CanarySection = CanarySection()
    monitoring: MonitoringSection = MonitoringSection()
    digest: DigestSection = DigestSection()
    report: ReportSection = ReportSection()
    privacy: PrivacySection = PrivacySection()
    topic: tuple[TopicSection, ...] = ()
    pointer: tuple[PointerSection, ...] = ()

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
                "copy both from the application's overview in the Entra admin centre (docs/admin.md)",
            )
        return oauth

    @field_validator("deadline")
    @classmethod
    def _ends_after_opening(cls, deadline: DeadlineSection, info: ValidationInfo) -> DeadlineSection:
        office: OfficeSection | None = info.data.get("office")
        opens = office.hours[0] if office else time.min
        if deadline.day_end <= opens:
            raise wrong(
                "has a day_end before the office opens", 'write the hour when the day ends, like day_end = "20:00"'
            )
        return deadline
