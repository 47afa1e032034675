"""A throw-away certificate authority and one server certificate for localhost, made by the openssl command."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files: the authority a client should trust, and the server's certificate and key."""

    ca: Path
    cert: Path
    key: Path


def make_certificates(folder: Path) -> Certificates:
    """Valid for two days, for localhost and 127.0.0.1."""
    folder.mkdir(parents=True, exist_ok=True)
    ca, ca_key, cert, key = (folder / name for name in ("ca.pem", "ca.key", "server.pem", "server.key"))
    usage = "keyUsage=critical,keyCertSign,cRLSign"
    _req(*_NEW_KEY, "-subj", "/CN=oacmail test authority", "-addext", usage, "-keyout", ca_key, "-out", ca)
    names = ("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE")
    signer = ("-CA", ca, "-CAkey", ca_key)
    _req(*_NEW_KEY, *signer, "-subj", "/CN=localhost", *names, "-keyout", key, "-out", cert)
    return Certificates(ca, cert, key)


def _req(*args: str | Path) -> None:
    done = subprocess.run(["openssl", "req", "-x509", *map(str, args)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"openssl: {done.stderr}")
