"""HTTPS requests to a provider: the trusted authorities, the time limit, and what an unhappy answer means."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from oacmail.oauth import TokenUnavailable

SECONDS = 30.0
_LONGEST = 3600.0  # the longest Retry-After that counts
_SYSTEM = ("/etc/ssl/certs/ca-certificates.crt", ssl.get_default_verify_paths().cafile or "")


def session(ca_file: str | None) -> requests.Session:
    """Return a session that trusts the system's authorities, as the mail servers' connections do.

    An answer 429 or 5xx raises TokenUnavailable.
    """
    made = requests.Session()
    system = next((file for file in _SYSTEM if file and Path(file).exists()), True)
    made.mount("https://", _Verifying(ca_file or system))
    made.hooks["response"].append(_is_there)
    return made


@contextmanager
def reached() -> Iterator[None]:
    """Turn a failed request inside into TokenUnavailable. Its text is dropped: it may hold the address with a code."""
    try:
        yield
    except (requests.RequestException, OSError) as error:
        raise TokenUnavailable(f"OAuth: the provider cannot be reached ({type(error).__name__})") from None


class _Verifying(HTTPAdapter):
    """`verify` counts, and not $REQUESTS_CA_BUNDLE, which requests prefers to a session's own value."""

    def __init__(self, verify: str | bool) -> None:
        super().__init__()
        self._verify = verify

    def send(self, request: Any, **options: Any) -> requests.Response:  # type: ignore[override]
        seconds = options.get("timeout") or SECONDS
        return super().send(request, **{**options, "timeout": seconds, "verify": self._verify})


def _is_there(response: requests.Response, *_: object, **__: object) -> None:
    if response.status_code == 429 or response.status_code >= 500:
        wait = response.headers.get("Retry-After", "")
        seconds = min(float(wait), _LONGEST) if wait.isdigit() else 0.0
        raise TokenUnavailable(f"OAuth: the provider answers {response.status_code}", seconds)
