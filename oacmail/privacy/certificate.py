"""The certificate for the data protection officer: what was erased, when, by whom, and what is left in backups.

It holds no personal data but a keyed hash of the address, so that the town may keep it. The JSON is sealed with the
office's key; `verify` finds a change. The text says the same in the office's first language.
"""

import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from oacmail import durable
from oacmail.core.policy import Policy
from oacmail.core.tokens import name_of_key, person_mark, seal
from oacmail.words.labels import phrases

FOLDER = "certificates"
"""Where they are written, in the state directory, unless the admin names another place."""


class BackupLeft(Struct, frozen=True, kw_only=True):
    """A backup that holds data of the person. `until`: when the town's rotation removes it, None = not known;
    `erased`: the person was erased in the file too; `problem`: why they could not be."""

    path: str
    made_at: str
    until: str | None
    erased: bool
    problem: str = ""


def made(
    policy: Policy,
    address: str,
    counts: Mapping[str, int],
    *,
    mailbox: Mapping[str, int] | None,
    shared: Mapping[str, int] | None,
    elsewhere: Sequence[str] = (),
    related: int = 0,
    before: Sequence[str] = (),
    backups: Sequence[BackupLeft],
    by: str,
    now: datetime,
) -> dict[str, Any]:
    """Return the certificate with its seal. `mailbox`: messages deleted by folder, None = it was left alone; `shared`:
    those that name the person and stay, since somebody else wrote them or got them too; `elsewhere`: other people's
    cases with the person's name or number; `related`: other addresses and numbers that the person seems to use;
    `before`: when they were forgotten before, as stored."""
    key = policy.secrets[-1]
    body = {
        "document": "oacmail certificate of erasure",
        "office": policy.office.address,
        "at": now.astimezone(policy.office.timezone).isoformat(timespec="seconds"),
        "by": by,
        "person": person_mark(key, address),
        "key": name_of_key(key),
        "erased": dict(sorted(counts.items())),
        "mailbox": None if mailbox is None else dict(sorted(mailbox.items())),
        "shared": None if shared is None else dict(sorted(shared.items())),
        "elsewhere": list(elsewhere),
        "related": related,
        "before": [datetime.fromisoformat(at).astimezone(policy.office.timezone).isoformat() for at in before],
        "backups": [asdict(backup) for backup in backups],
    }
    return {**body, "seal": seal(key, "certificate", _canonical(body))}


def _canonical(body: Mapping[str, Any]) -> str:
    return json.dumps(body, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def verify(policy: Policy, certificate: Mapping[str, Any]) -> bool:
    """Whether this office sealed the certificate and nobody changed it since."""
    body = {name: value for name, value in certificate.items() if name != "seal"}
    given = str(certificate.get("seal", "")).encode()
    return any(
        hmac.compare_digest(seal(key, "certificate", _canonical(body)).encode(), given) for key in policy.secrets
    )


def text(policy: Policy, certificate: Mapping[str, Any]) -> str:
    """The same for people, in the office's first language."""
    words = phrases("certificate", policy.office.languages[0])
    lines = [words["title"], "=" * len(words["title"]), ""]
    lines += [f"{words[name]}: {certificate[name]}" for name in ("office", "at", "by", "person")]
    lines += [f"{words['before']}: {', '.join(certificate['before'])}"] if certificate["before"] else []
    lines += ["", f"{words['erased']}:", *_counted(certificate["erased"])]
    if certificate["mailbox"] is None:
        lines += ["", words["mailbox_kept"]]
    else:
        lines += ["", f"{words['mailbox']}:", *_counted(certificate["mailbox"])]
        lines += ["", f"{words['shared']}:", *_counted(certificate["shared"])]
    lines += ["", f"{words['kept']}:", *(f"- {words[f'kept_{name}']}" for name in ("rows", "events", "hashes", "hash"))]
    lines += [f"- {words['elsewhere']}: {', '.join(certificate['elsewhere'])}"] if certificate["elsewhere"] else []
    lines += [f"- {words['related']}: {certificate['related']}"] if certificate["related"] else []
    lines += ["", f"{words['backups']}:"]
    for one in certificate["backups"]:
        removed = f"{words['until']} {one['until']}" if one["until"] else words["unknown"]
        removed += f"; {words['problem']}: {one['problem']}" if one["problem"] else ""
        lines.append(f"- {one['path']} ({one['made_at']}): {words['rewritten'] if one['erased'] else removed}")
    lines += [] if certificate["backups"] else [f"- {words['no_backups']}"]
    lines += [words["other_backups"], "", f"{words['seal']}: {certificate['seal']}", ""]
    return "\n".join(lines)


def _counted(counts: Mapping[str, int]) -> list[str]:
    return [f"- {name}: {count}" for name, count in counts.items()] or ["- 0"]


def write(policy: Policy, certificate: Mapping[str, Any], folder: Path) -> Path:
    """Write NAME.json and NAME.txt (mode 0600) and return the path of the text. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    moment = datetime.fromisoformat(certificate["at"]).strftime("%Y%m%dT%H%M%S")
    stem = folder / f"erasure-{moment}-{certificate['person'][:12]}"
    for suffix, content in (
        (".json", json.dumps(certificate, ensure_ascii=False, indent=2) + "\n"),
        (".txt", text(policy, certificate)),
    ):
        durable.write(Path(f"{stem}{suffix}"), content)
    for names in (folder, folder.parent):
        durable.sync_names(names)
    return Path(f"{stem}.txt")
