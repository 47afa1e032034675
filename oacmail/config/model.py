"""The whole of config.toml as one value, and the rules that need two of its sections.

Pydantic collects all errors of all sections in one go; `loading.py` turns them into lines for the admin.
"""

from datetime import time

from pydantic import Field, ValidationInfo, field_validator

from oacmail.config.section import Section
from oacmail.config.sections import (
    Ack,
    Board,
    Deadline,
    Digest,
    Escalation,
    Office,
    People,
    Pointer,
    Privacy,
    Report,
    Survey,
    Topic,
)
from oacmail.config.servers import Callback, Imap, Smtp, Trust
from oacmail.config.types import wrong


class Config(Section):
    """config.toml, checked. Keys and defaults: docs/interfaces.md section 5, in plain words in docs/config.md."""

    office: Office
    imap: Imap
    smtp: Smtp
    people: People
    trust: Trust = Trust()
    deadline: Deadline = Field(default=Deadline(), validate_default=True)
    escalation: Escalation = Escalation()
    ack: Ack = Ack()
    callback: Callback = Callback()
    board: Board = Board()
    survey: Survey = Survey()
    digest: Digest = Digest()
    report: Report = Report()
    privacy: Privacy = Privacy()
    topic: tuple[Topic, ...] = ()
    pointer: tuple[Pointer, ...] = ()

    @field_validator("deadline")
    @classmethod
    def _ends_after_opening(cls, deadline: Deadline, info: ValidationInfo) -> Deadline:
        office: Office | None = info.data.get("office")
        opens = office.hours[0] if office else time.min
        if deadline.day_end <= opens:
            raise wrong(
                "has its day_end before the office opens", 'write the hour when the day ends, like day_end = "20:00"'
            )
        return deadline
