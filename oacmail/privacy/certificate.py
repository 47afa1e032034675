"""The certificate for the data protection officer: what was erased, when, by whom, and what is left in backups."""

import hmac
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from oacmail.core.policy import Policy
from oacmail.core.tokens import name_of_key, person_mark, seal

# --- Wording ---------------------------------------------------------------------------------------------------------
#
# The sentences of a certificate of erasure, in the languages of the office. It decides nothing.


WORDING: Mapping[str, Mapping[str, str]] = {
    "ca": {
        "title": "Certificat de supressió de dades personals",
        "office": "Oficina",
        "at": "Data i hora",
        "by": "Fet per",
        "person": "Persona (empremta amb clau de la seva adreça)",
        "erased": "Dades suprimides o anonimitzades (registres per taula)",
        "mailbox": "Missatges esborrats de la bústia (per carpeta)",
        "mailbox_kept": "Els missatges de la bústia no s'han esborrat.",
        "shared": "Missatges que han escrit o rebut altres persones i que esmenten aquesta: queden, i els ha de mirar "
        "algú (per carpeta)",
        "kept": "Què queda, i per què",
        "kept_rows": "Números, dates i estats dels casos, sense cap dada de la persona: els indicadors mensuals.",
        "kept_events": "El registre d'activitat: què va passar, quan i quin agent ho va fer (RD 311/2022, op.exp.8).",
        "kept_hash": "L'empremta de dalt: si es restaura una còpia antiga, la persona es torna a suprimir.",
        "backups": "Còpies de seguretat que contenen dades d'aquest període",
        "no_backups": "Cap, de les fetes amb oacmail backup.",
        "until": "s'elimina el",
        "unknown": "fins que l'Ajuntament l'elimini",
        "rewritten": "també suprimida en aquesta còpia",
        "other_backups": "Les còpies fetes per altres mitjans (disc, servidor de correu) no consten aquí.",
        "seal": "Segell (HMAC-SHA256 amb la clau de l'oficina)",
    },
    "es": {
        "title": "Certificado de supresión de datos personales",
        "office": "Oficina",
        "at": "Fecha y hora",
        "by": "Hecho por",
        "person": "Persona (huella con clave de su dirección)",
        "erased": "Datos suprimidos o anonimizados (registros por tabla)",
        "mailbox": "Mensajes borrados del buzón (por carpeta)",
        "mailbox_kept": "Los mensajes del buzón no se han borrado.",
        "shared": "Mensajes que han escrito o recibido otras personas y que mencionan a esta: quedan, y alguien debe "
        "revisarlos (por carpeta)",
        "kept": "Qué queda, y por qué",
        "kept_rows": "Números, fechas y estados de los casos, sin datos de la persona: los indicadores mensuales.",
        "kept_events": "El registro de actividad: qué pasó, cuándo y qué agente lo hizo (RD 311/2022, op.exp.8).",
        "kept_hash": "La huella de arriba: si se restaura una copia antigua, la persona se vuelve a suprimir.",
        "backups": "Copias de seguridad que contienen datos de este periodo",
        "no_backups": "Ninguna, de las hechas con oacmail backup.",
        "until": "se elimina el",
        "unknown": "hasta que el Ayuntamiento la elimine",
        "rewritten": "también suprimida en esta copia",
        "other_backups": "Las copias hechas por otros medios (disco, servidor de correo) no constan aquí.",
        "seal": "Sello (HMAC-SHA256 con la clave de la oficina)",
    },
    "en": {
        "title": "Certificate of erasure of personal data",
        "office": "Office",
        "at": "Date and time",
        "by": "Done by",
        "person": "Person (keyed hash of their address)",
        "erased": "Data erased or made anonymous (rows by table)",
        "mailbox": "Messages deleted from the mailbox (by folder)",
        "mailbox_kept": "The messages in the mailbox were not deleted.",
        "shared": "Messages that other people wrote or received and that name this person: they stay, and somebody has "
        "to look at them (by folder)",
        "kept": "What stays, and why",
        "kept_rows": "Numbers, times and states of the cases, without anything of the person: the monthly indicators.",
        "kept_events": "The event log: what happened, when, and which agent did it (RD 311/2022, op.exp.8).",
        "kept_hash": "The hash above: if an old backup is restored, the person is erased again.",
        "backups": "Backups that hold data of this period",
        "no_backups": "None of those made with oacmail backup.",
        "until": "removed on",
        "unknown": "until the town removes it",
        "rewritten": "erased in this backup too",
        "other_backups": "Backups made by other means (disk, mail server) are not known here.",
        "seal": "Seal (HMAC-SHA256 with the office's key)",
    },
}


# --- Certificate -----------------------------------------------------------------------------------------------------
#
# The certificate for the data protection officer: what was erased, when, by whom, and what is left in which backups.
#
# It holds no personal data but a keyed hash of the address, so that the town may keep it. The JSON is sealed with the
# office's key; `verify` finds a change. The text says the same in the office's first language.


FOLDER = "certificates"
"""Where they are written, in the state directory, unless the admin names another place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupLeft:
    """A backup that holds data of the person. `until`: when the town's rotation removes it, None = not known;
    `erased`: the person was erased in the file too."""

    path: str
    made_at: str
    until: str | None
    erased: bool


def made(
    policy: Policy,
    address: str,
    counts: Mapping[str, int],
    *,
    mailbox: Mapping[str, int] | None,
    shared: Mapping[str, int] | None,
    backups: Sequence[BackupLeft],
    by: str,
    now: datetime,
) -> dict[str, Any]:
    """Return the certificate with its seal. `mailbox`: messages deleted by folder, None = it was left alone; `shared`:
    those that name the person and stay, since somebody else wrote them or got them too."""
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
        "backups": [asdict(backup) for backup in backups],
    }
    return {**body, "seal": seal(key, _canonical(body))}


def _canonical(body: Mapping[str, Any]) -> str:
    return json.dumps(body, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def verify(policy: Policy, certificate: Mapping[str, Any]) -> bool:
    """Whether this office sealed the certificate and nobody changed it since."""
    body = {name: value for name, value in certificate.items() if name != "seal"}
    given = str(certificate.get("seal", "")).encode()
    return any(hmac.compare_digest(seal(key, _canonical(body)).encode(), given) for key in policy.secrets)


def text(policy: Policy, certificate: Mapping[str, Any]) -> str:
    """The same for people, in the office's first language."""
    words = WORDING.get(policy.office.languages[0], WORDING["en"])
    lines = [words["title"], "=" * len(words["title"]), ""]
    lines += [f"{words[name]}: {certificate[name]}" for name in ("office", "at", "by", "person")]
    lines += ["", f"{words['erased']}:", *_counted(certificate["erased"])]
    if certificate["mailbox"] is None:
        lines += ["", words["mailbox_kept"]]
    else:
        lines += ["", f"{words['mailbox']}:", *_counted(certificate["mailbox"])]
        lines += ["", f"{words['shared']}:", *_counted(certificate["shared"])]
    lines += ["", f"{words['kept']}:", *(f"- {words[f'kept_{name}']}" for name in ("rows", "events", "hash"))]
    lines += ["", f"{words['backups']}:"]
    lines += [f"- {_backup(words, one)}" for one in certificate["backups"]] or [f"- {words['no_backups']}"]
    lines += [words["other_backups"], "", f"{words['seal']}: {certificate['seal']}", ""]
    return "\n".join(lines)


def _counted(counts: Mapping[str, int]) -> list[str]:
    return [f"- {name}: {count}" for name, count in counts.items()] or ["- 0"]


def _backup(words: Mapping[str, str], one: Mapping[str, Any]) -> str:
    if one["erased"]:
        left = words["rewritten"]
    else:
        left = f"{words['until']} {one['until']}" if one["until"] else words["unknown"]
    return f"{one['path']} ({one['made_at']}): {left}"


def write(policy: Policy, certificate: Mapping[str, Any], folder: Path) -> Path:
    """Write NAME.json and NAME.txt (mode 0600) and return the path of the text. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    moment = datetime.fromisoformat(certificate["at"]).strftime("%Y%m%dT%H%M%S")
    stem = folder / f"erasure-{moment}-{certificate['person'][:12]}"
    for suffix, content in (
        (".json", json.dumps(certificate, ensure_ascii=False, indent=2) + "\n"),
        (".txt", text(policy, certificate)),
    ):
        with os.fdopen(os.open(f"{stem}{suffix}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.write(content)
    return Path(f"{stem}.txt")


def until(made_at: date, days: int) -> str | None:
    """The day on which a backup of that day is removed; None = the town has not said (`privacy.backup_days` 0)."""
    return date.fromordinal(made_at.toordinal() + days).isoformat() if days else None
