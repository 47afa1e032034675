"""The five links of a survey: each writes a mail to the office whose token gives one score to the case (RFC 6068).

They stand in the HTML alone; the text asks for a number. No web page is needed, and a program that follows links cannot
vote.
"""

from oacmail.core.outbox.token_links import token_link
from oacmail.core.policy import Policy
from oacmail.core.routing import vote_tokens


def links(policy: Policy, case: str) -> tuple[dict[str, object], ...]:
    """The score and the link of each, the lowest first."""
    return tuple({"score": score, "url": _link(policy, case, score)} for score in vote_tokens.SCORES)


def _link(policy: Policy, case: str, score: int) -> str:
    token = vote_tokens.make(policy, case=case, score=score)
    return token_link(policy, token, case=case, word=str(score), body=f"{score}\r\n")
