"""The five links of a survey: each writes a mail to the office whose token gives one score to the case (RFC 6068).

They stand in the HTML alone; the text asks for a number. No web page is needed, and a program that follows links cannot
vote.
"""

from urllib.parse import quote

from oacmail.core.policy import Policy
from oacmail.core.routing import signature, vote_tokens

_LOCAL_PART = 64  # octets (RFC 5321 section 4.5.3.1.1)


def links(policy: Policy, case: str) -> tuple[dict[str, object], ...]:
    """The score and the link of each, the lowest first."""
    return tuple({"score": score, "url": _link(policy, case, score)} for score in vote_tokens.SCORES)


def _link(policy: Policy, case: str, score: int) -> str:
    """The token is after the + of the address, or in the subject where such addresses do not arrive."""
    token = vote_tokens.make(policy, case=case, score=score)
    local, _, domain = policy.office.address.rpartition("@")
    detailed = f"{local}+{token}"
    in_address = policy.office.plus_addressing and len(detailed) <= _LOCAL_PART
    subject = " ".join((f"[{signature.token(policy, case)}]", str(score), *(() if in_address else (token,))))
    address = f"{detailed if in_address else local}@{domain}"
    return f"mailto:{quote(address, safe='@+')}?subject={quote(subject, safe='')}&body={score}%0D%0A"
