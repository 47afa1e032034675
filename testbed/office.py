"""The configuration of an invented office: what each of them has. Callers add servers, people and what they test."""

import json
from collections.abc import Mapping
from typing import Any

from testbed.messages import MX

ALWAYS_OPEN: Mapping[str, Any] = {"calendar": "none", "hours": ["00:00", "24:00"]}
"""For [office], where nobody may wait for a working day."""
NO_LIMITS: Mapping[str, int] = dict.fromkeys(
    ("per_address_hour", "per_address_day", "per_domain_hour", "unverified_per_hour"), 0
)
"""For [ack], where more messages come than an hour's budget."""
PROVEN: Mapping[str, Any] = {"provider": "postfix", "authserv_id": MX, "mx": [MX]}
"""For [trust]: the MX of messages.py vouches for senders."""


def sections(
    address: str, *, town: str = "Vila", domain: str = "", **changes: Mapping[str, Any] | list[Any]
) -> dict[str, Any]:
    """The sections of a configuration. `domain`: of its pages, else one of the town's name; `changes`: keys by section,
    which go over the usual ones, or all blocks of a list of tables."""
    domain = domain or f"{town.lower()}.example"
    usual: dict[str, Any] = {
        "office": {
            "address": address,
            "state": "state",
            "town": town,
            "complaints_form_url": f"https://www.{domain}/queixes",
            "privacy_url": f"https://www.{domain}/privacitat",
            "rights_url": f"https://www.{domain}/drets",
            "dpo": f"dpd@{domain}",
        },
        "imap": {"host": "localhost"},
        "smtp": {"host": "localhost"},
        "people": {},
        "digest": {"to": []},
        "monitoring": {"dns_server": ""},  # an invented town has no records
    }
    return changed(usual, changes)


def changed(sections: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The sections with these keys over theirs."""
    made = {name: dict(keys) if isinstance(keys, Mapping) else keys for name, keys in sections.items()}
    for name, keys in changes.items():
        if isinstance(keys, Mapping):
            made.setdefault(name, {}).update(keys)
        else:
            made[name] = keys
    return made


def as_toml(sections: Mapping[str, Any]) -> str:
    tables = (
        (f"[[{name}]]" if isinstance(keys, list) else f"[{name}]", table)
        for name, keys in sections.items()
        for table in (keys if isinstance(keys, list) else [keys])
    )
    return "\n".join(
        f"{head}\n" + "".join(f"{key} = {toml(value)}\n" for key, value in table.items()) for head, table in tables
    )


def toml(value: object) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name} = {toml(item)}" for name, item in value.items()) + "}"
    return json.dumps(value)  # TOML's basic strings, numbers and booleans are JSON's
