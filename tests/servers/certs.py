"""A throw-away certificate authority and one server certificate for localhost, made by the openssl command."""

import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
_NAMES = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files: the authority a client should trust, and the server's certificate and key."""

    ca: Path
    cert: Path
    key: Path


_USAGE = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")


def make_certificates(folder: Path, authority: tuple[str, ...] = _USAGE) -> Certificates:
    """Valid for two days, for localhost and 127.0.0.1. `authority`: the extensions of its certificate."""
    folder.mkdir(parents=True, exist_ok=True)
    ca, ca_key, cert, key = (folder / name for name in ("ca.pem", "ca.key", "server.pem", "server.key"))
    _req(*_NEW_KEY, "-subj", "/CN=oacmail test authority", *authority, "-keyout", ca_key, "-out", ca)
    signer = ("-CA", ca, "-CAkey", ca_key)
    _req(*_NEW_KEY, *signer, *_NAMES, "-addext", "basicConstraints=CA:FALSE", "-keyout", key, "-out", cert)
    return Certificates(ca, cert, key)


def expired(certs: Certificates) -> Certificates:
    return dated(certs, datetime(2020, 1, 1), datetime(2020, 1, 31))


def dated(certs: Certificates, begins: datetime, ends: datetime) -> Certificates:
    """Another certificate of the same authority for the same key and names, valid in this time (UTC)."""
    folder = certs.ca.parent
    name = f"{begins:%Y%m%d}-{ends:%Y%m%d}"
    cert, request, ledger = folder / f"{name}.pem", folder / f"{name}.csr", folder / "ledger"
    ledger.write_text("")
    conf = folder / "ca.cnf"
    conf.write_text(
        f"[ca]\ndefault_ca = it\n[it]\ndatabase = {ledger}\nnew_certs_dir = {folder}\nrand_serial = yes\n"
        "default_md = sha256\npolicy = any\ncopy_extensions = copy\nunique_subject = no\n"
        "[any]\ncommonName = supplied\n"
    )
    _openssl("req", "-new", "-key", certs.key, *_NAMES, "-out", request)
    signer = ("-cert", certs.ca, "-keyfile", folder / "ca.key")
    valid = ("-startdate", f"{begins:%Y%m%d%H%M%S}Z", "-enddate", f"{ends:%Y%m%d%H%M%S}Z")
    _openssl("ca", "-batch", "-config", conf, *signer, *valid, "-in", request, "-out", cert, "-notext")
    return Certificates(certs.ca, cert, certs.key)


def _req(*args: str | Path) -> None:
    _openssl("req", "-x509", *args)


def _openssl(*args: str | Path) -> None:
    done = subprocess.run(["openssl", *map(str, args)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"openssl: {done.stderr}")
