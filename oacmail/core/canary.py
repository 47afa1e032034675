"""The canary: a signed mail that the service sends to itself over the outside, to see that mail leaves and arrives.

Values and names only. Who sends it: core/outbox.py; who tells that it does not come back: engine/watch.py.
"""

from datetime import UTC, datetime

from msgspec import Struct

from oacmail.core.model import domain_of

KEY = "canary:"
"""How the key of its row in the outbox begins; the moment at which it was queued follows."""
CODE = "canary"  # the problem's
VERDICT = "verdict"
"""The problem's code; the envelope sender follows after a colon."""
_FORM = "%Y%m%dT%H%M%SZ"


class LastCanary(Struct, frozen=True, kw_only=True):
    """`key`: of the last one, '' = there was none; `waits`: it has not left yet."""

    key: str = ""
    waits: bool = False


def key_of(moment: datetime, envelope: str = "") -> str:
    """`envelope`: the name of the envelope sender under which it leaves, '' = it meets no receiver outside."""
    return KEY + moment.astimezone(UTC).strftime(_FORM) + (f":{envelope}" if envelope else "")


def moment_of(key: str) -> datetime:
    """When the canary of this key was queued."""
    return datetime.strptime(key.removeprefix(KEY).partition(":")[0], _FORM).replace(tzinfo=UTC)


def envelope_of(key: str) -> str:
    """The name of the envelope sender under which the canary of this key leaves; '' also for any other mail."""
    return key.removeprefix(KEY).partition(":")[2] if key.startswith(KEY) else ""


# --- Verdict ---------------------------------------------------------------------------------------------------------
# What the receiver outside says of the canary that it sends back: the only proof of what other receivers see. Each
# envelope sender in use has its turn, since SPF looks at it.

_GMAIL, MICROSOFT = "mx.google.com", "mx.microsoft.com"
_KNOWN = {
    **dict.fromkeys(("gmail.com", "googlemail.com"), _GMAIL),
    **dict.fromkeys(("outlook.com", "outlook.es", "hotmail.com", "hotmail.es", "live.com", "msn.com"), MICROSOFT),
}


def receiver_of(send_to: str, receiver: str) -> str:
    """Whose verdict counts, by the name in Authentication-Results; '' = nobody's."""
    return receiver or _KNOWN.get(domain_of(send_to), "")


class ReceiverVerdict(Struct, frozen=True):
    """The results of SPF, DKIM and DMARC in lower case, '' = not named; all '' = the receiver said nothing."""

    receiver: str
    spf: str = ""
    dkim: str = ""
    dmarc: str = ""

    @property
    def is_good(self) -> bool:
        """DMARC speaks for the domain that people see. Where the domain has no policy, or it could not be looked up,
        one of the two others must."""
        if self.dmarc in ("pass", "bestguesspass"):
            return True
        return self.dmarc in ("", "none", "temperror") and "pass" in (self.spf, self.dkim)

    def __str__(self) -> str:
        said = " ".join(f"{name}={result}" for name, result in self.results.items() if result)
        return f"{self.receiver}: {said or 'no verdict'}"

    @property
    def results(self) -> dict[str, str]:
        return {"spf": self.spf, "dkim": self.dkim, "dmarc": self.dmarc}
