"""Which addresses can be written to as citizens, and in which language.

Decides from an address, or from what is known of a case. It never decides whether a mail is due.
"""

import re

from oacmail.core.policy import Office, Policy
from oacmail.core.view import CaseView

# An address that every relay takes (RFC 5321 sections 4.1.2 and 4.5.3.1, dot-string) and no client decodes (RFC 2047).
# A person answers a message from an address beyond ASCII.
_ADDRESS = re.compile(r"(?=.{3,254}\Z)(?!.*=\?)[!#-'*+/-9=?A-Z^-~.-]{1,64}@[A-Za-z0-9.-]{1,253}", re.ASCII)


_NOWHERE = "@invalid"  # RFC 2606 section 2; who was forgotten has such an address (adapters/store/privacy/erase.py)


def is_deliverable(address: str) -> bool:
    """Whether a relay accepts the address as it stands, and somebody gets the mail."""
    return _ADDRESS.fullmatch(address) is not None and not address.endswith(_NOWHERE)


def is_ours(policy: Policy, address: str) -> bool:
    """Whether it is an address of the office or of its staff, to which no mail for citizens goes."""
    return policy.office.is_own(address) or address in policy.people.staff


def masked(address: str) -> str:
    """Enough for a colleague to recognise it: `an…@example.org`."""
    local, _, domain = address.rpartition("@")
    return f"{local[:2]}…@{domain}"


def can_be_told(policy: Policy, case: CaseView) -> bool:
    """Whether an automatic mail can go to the citizen of this case."""
    return is_deliverable(case.citizen) and not is_ours(policy, case.citizen)


def language_of_case(policy: Policy, case: CaseView) -> str:
    """The language of mails on this case, from what was read when the case was opened or has been corrected since."""
    return choose_language(policy.office, case.wish, case.lang, "en")


def choose_language(office: Office, wish: str | None, read: str, second: str) -> str:
    """`ca`, `es`, `en`, or two as `ca+es`. `wish`: the language that the person asked for; `read`: the language of the
    message; `second`: the language that follows the first below where the office does not write `read`."""
    if wish in office.languages:
        return wish
    if office.language_policy == "catalan_first":
        return office.languages[0]
    return read if read in office.languages else _both(office.languages, second)


def _both(languages: tuple[str, ...], second: str) -> str:
    first = languages[0]
    return f"{first}+{second}" if second in languages and second != first else first
