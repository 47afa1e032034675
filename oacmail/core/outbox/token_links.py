"""A `mailto:` link that writes to the office with a token of one case (RFC 6068).

It never decides what the token does.
"""

from urllib.parse import quote

from oacmail.core.policy import Policy
from oacmail.core.routing import signature

_LOCAL_PART = 64  # octets (RFC 5321 section 4.5.3.1.1)


def token_link(policy: Policy, token: str, *, case: str, word: str, body: str) -> str:
    """The token is after the + of the address, or in the subject where such addresses do not arrive. The subject names
    the case and says `word`."""
    local, _, domain = policy.office.address.rpartition("@")
    detailed = f"{local}+{token}"
    in_address = policy.office.plus_addressing and len(detailed) <= _LOCAL_PART
    words = (f"[{signature.token(policy, case)}]", word, "" if in_address else token)
    address = f"{detailed if in_address else local}@{domain}"
    subject, text = (quote(part, safe="") for part in (" ".join(filter(None, words)), body))
    return f"mailto:{quote(address, safe='@+')}?subject={subject}&body={text}"
