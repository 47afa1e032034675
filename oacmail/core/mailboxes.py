"""Which addresses are one mailbox: the office's own, or one that has its share of a budget.

It knows how providers deliver. It never decides who may use a mailbox.
"""

_ALIASES = {
    "googlemail.com": "gmail.com",
    "me.com": "icloud.com",
    "mac.com": "icloud.com",
    "pm.me": "proton.me",
    "protonmail.com": "proton.me",
}
_HYPHENATED = frozenset(["yahoo.com", "yahoo.es", "ymail.com"])  # a tag follows the hyphen, which no name there has


def mailbox(address: str) -> str:
    """The mailbox behind an address: without its tag (`anna+padro@`, RFC 5233; `anna-padro@` at Yahoo), and without the
    dots that Gmail does not read."""
    local, _, host = address.lower().rpartition("@")
    domain = _ALIASES.get(host, host)
    name = local[:1] + local[1:].partition("+")[0]  # a name may begin with one, as a telephone number does
    if domain == "gmail.com":
        name = name.replace(".", "")
    if domain in _HYPHENATED:
        name = name.partition("-")[0]
    return f"{name}@{domain}"
