"""The whole config.toml as one value, and the rules that need two sections.

Pydantic collects all errors of all sections at once; `findings.py` turns them into lines for the admin.
"""

from datetime import time

from pydantic import Field, ValidationInfo, field_validator

from oacmail.config.section import Section
from oacmail.config.sections import (
    AckSection,
    BoardSection,
    CanarySection,
    DeadlineSection,
    DigestSection,
    EscalationSection,
    OfficeSection,
    PeopleSection,
    PointerSection,
    PrivacySection,
    ReportSection,
    SurveySection,
    TopicSection,
)
from oacmail.config.servers import CallbackSection, ImapSection, SmtpSection, TrustSection
from oacmail.config.types import wrong


class Config(Section):
    """The validated config.toml. Keys and defaults: docs/config.md; promises: docs/interfaces.md section 5."""

    office: OfficeSection
    imap: ImapSection
    smtp: SmtpSection
    people: PeopleSection
    trust: TrustSection = TrustSection()
    deadline: DeadlineSection = Field(default=DeadlineSection(), validate_default=True)
    escalation: EscalationSection = EscalationSection()
    ack: AckSection = AckSection()
    callback: CallbackSection = CallbackSection()
    board: BoardSection = BoardSection()
    survey: SurveySection = SurveySection()
    canary: CanarySection = CanarySection()
    digest: DigestSection = DigestSection()
    report: ReportSection = ReportSection()
    privacy: PrivacySection = PrivacySection()
    topic: tuple[TopicSection, ...] = ()
    pointer: tuple[PointerSection, ...] = ()

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
