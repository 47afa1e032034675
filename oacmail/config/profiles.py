"""The profiles of `imap.provider`: the values that follow from the name of a provider.

It fills only keys that the file does not set. It decides nothing else, and knows no server beyond these values.
"""

from collections.abc import Mapping
from typing import Any

PROFILES: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "microsoft365": {
        "imap": {"host": "outlook.office365.com", "auth": "xoauth2"},
        "smtp": {
            "host": "smtp.office365.com",
            "auth": "xoauth2",
            "per_minute": 25,  # Exchange Online accepts 30 from one mailbox, and people send too
            "self_copy": "server",
            "ack_envelope": "office",
        },
        "trust": {"provider": "exchange"},
    },
    "google": {
        "imap": {"host": "imap.gmail.com", "auth": "xoauth2"},
        "smtp": {"host": "smtp.gmail.com", "auth": "xoauth2", "self_copy": "server", "ack_envelope": "office"},
        "trust": {"provider": "gmail"},
    },
}


_DOMAINS: Mapping[str, str] = {
    "office365.com": "microsoft365",
    "outlook.com": "microsoft365",
    "gmail.com": "google",
    "googlemail.com": "google",
}
_SOFTWARE: Mapping[str, str] = {"Microsoft.Exchange": "microsoft365", "GImap": "google"}
"""How the servers name themselves (RFC 2971)."""


def fitting(host: str, software: str = "") -> str:
    """The profile for a server of this name, or one that names itself `software`; '' = none."""
    by_name = (profile for domain, profile in _DOMAINS.items() if f".{host}".endswith(f".{domain}"))
    return next(by_name, "") or next((one for name, one in _SOFTWARE.items() if software.startswith(name)), "")


def with_profile(values: Mapping[str, Any]) -> dict[str, Any]:
    """The sections of the file, filled from the profile; `smtp.user` is then the user of [imap] unless it is set."""
    imap = values.get("imap")
    profile = PROFILES.get(str(imap.get("provider"))) if isinstance(imap, dict) else None
    if profile is None or not isinstance(imap, dict):
        return dict(values)
    tables = {name: values[name] for name in profile if isinstance(values.get(name), dict)}
    filled = {name: {**profile[name], **table} for name, table in tables.items()}
    filled |= {name: dict(follows) for name, follows in profile.items() if name not in values}
    if "user" in imap and isinstance(filled.get("smtp"), dict):
        filled["smtp"].setdefault("user", imap["user"])
    return {**values, **filled}
