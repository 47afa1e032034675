"""The sign-in service of a provider on loopback: the endpoints of Microsoft and Google, and Dovecot's question.

    with TokenServer(certs, user="office1") as tokens: ... tokens.authority, tokens.introspection ...

It gives a token to whoever knows `SECRET`, signs with a service account's key, or has been let in by `approve`. A test
sets what is to go wrong, and reads what was asked.
"""

import json
import ssl
import subprocess
import threading
import uuid
from base64 import urlsafe_b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.servers.certs import Certificates
from tests.servers.ports import HOST

TENANT, CLIENT, SECRET = "castellbisbal.onmicrosoft.com", "app-1", "Secret-8161"
USER_CODE = "ABCD-1234"


class TokenServer:
    """`user`: whose mailbox every token opens; `seconds`: how long a token is said to last. `refusal`: an OAuth error
    for every request for tokens; `throttled`: so many of them are answered with 429. `approved`: the person has typed
    the code. `forms`: the requests for tokens. `rotates`: each use of a refresh token gives another one.
    `published`: certificates of the service account's keys; `grant_seconds`: the life that a refresh token is said to
    have."""

    def __init__(self, certs: Certificates, user: str = "office") -> None:
        self.certs = certs
        self.user, self.seconds, self.refusal, self.throttled = user, 3600, "", 0
        self.approved, self.rotates, self.retry_after = True, True, "1"
        self.published: dict[str, str] = {}
        self.grant_seconds: int | None = None
        self.forms: list[dict[str, str]] = []
        self.valid: set[str] = set()
        self.refresh: set[str] = set()
        self._plain = self._listening(None)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certs.cert, certs.key)
        self._tls = self._listening(tls)

    def _listening(self, tls: ssl.SSLContext | None) -> ThreadingHTTPServer:
        server = _SignInService((HOST, 0), _Answering)
        server.world = self
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        return server

    def __enter__(self) -> "TokenServer":
        for server in (self._plain, self._tls):
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in (self._plain, self._tls):
            server.shutdown()
            server.server_close()

    @property
    def authority(self) -> str:
        return f"https://localhost:{self._tls.server_address[1]}"

    @property
    def introspection(self) -> str:
        """Dovecot asks here whether a token is valid, which stands in the request's Authorization."""
        return f"http://{HOST}:{self._plain.server_address[1]}/introspect"

    def service_account(self, folder: Path) -> str:
        """The JSON file of a service account whose tokens are given here."""
        key = folder / "account.key"
        words = ["openssl", "genpkey", "-algorithm", "RSA", "-out", str(key)]
        subprocess.run(words, check=True, capture_output=True)
        account = {"type": "service_account", "client_email": "oac@project.example", "private_key": key.read_text()}
        shown = {"private_key_id": "k1", "client_x509_cert_url": f"{self.authority}/x509"}
        return json.dumps({**account, **shown, "token_uri": f"{self.authority}/token"})

    def desktop_application(self) -> str:
        """The JSON file of a desktop application whose tokens are given here."""
        pages = {"auth_uri": "https://accounts.example/auth", "token_uri": f"{self.authority}/token"}
        return json.dumps({"installed": {"client_id": CLIENT, "client_secret": SECRET, **pages}})

    def expire(self) -> None:
        """No token given so far opens a mailbox any more."""
        self.valid.clear()

    def given(self, form: dict[str, str]) -> dict[str, Any]:
        token = f"token-{uuid.uuid4().hex}"
        self.valid.add(token)
        answer: dict[str, Any] = {"access_token": token, "token_type": "Bearer", "expires_in": self.seconds}
        if form["grant_type"] not in ("client_credentials", _JWT):
            answer |= self._of_person(form)
        return answer

    def _of_person(self, form: dict[str, str]) -> dict[str, Any]:
        if form["grant_type"] == "refresh_token" and not self.rotates:
            return {}
        self.refresh.discard(form.get("refresh_token", ""))
        refresh = f"refresh-{uuid.uuid4().hex}"
        self.refresh.add(refresh)
        claims: dict[str, object] = {
            "aud": CLIENT,
            "iss": f"{self.authority}/{TENANT}/v2.0",
            "sub": "s",
            "oid": "o",
            "tid": TENANT,
        }
        claims |= {"preferred_username": f"{self.user}@castellbisbal.cat", "exp": 4_000_000_000, "iat": 0}
        ends = {} if self.grant_seconds is None else {"refresh_token_expires_in": self.grant_seconds}
        return {
            **ends,
            "refresh_token": refresh,
            "scope": form.get("scope", ""),
            "id_token": f"{_coded({'alg': 'none'})}.{_coded(claims)}.",
            "client_info": _coded({"uid": "u", "utid": "t"}),
        }


_JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def _coded(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


class _SignInService(ThreadingHTTPServer):
    daemon_threads = True
    world: TokenServer


class _Answering(BaseHTTPRequestHandler):
    server: _SignInService
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""

    def do_GET(self) -> None:
        world, url = self.server.world, urlsplit(self.path)
        if url.path == "/introspect":
            active = self.headers.get("Authorization", "").removeprefix("Bearer ") in world.valid
            self._say(200, {"active": active, **({"username": world.user} if active else {})})
        elif url.path == "/x509":
            self._say(200, world.published)
        elif url.path.endswith("/.well-known/openid-configuration"):
            base = f"{world.authority}/{TENANT}"
            if TENANT not in url.path:
                self._say(400, {"error": "invalid_tenant"})
                return
            self._say(
                200,
                {
                    "issuer": f"{base}/v2.0",
                    "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                    "token_endpoint": f"{base}/oauth2/v2.0/token",
                    "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                },
            )
        else:
            self._say(404, {})

    def do_POST(self) -> None:
        world = self.server.world
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(text).items()}
        if self.path.endswith("/devicecode"):
            page = {"verification_uri": "https://login.example/device", "user_code": USER_CODE}
            self._say(200, {**page, "device_code": "d1", "expires_in": 60, "interval": 1, "message": ""})
            return
        world.forms.append(form)
        if world.throttled:
            world.throttled -= 1
            self._say(429, {"error": "too_many_requests"}, retry_after=world.retry_after)
        elif error := world.refusal or self._wrong(form):
            codes = {"invalid_grant": [50173], "invalid_client": [7000222]}.get(error, [])
            self._say(400, {"error": error, "error_codes": codes, "error_description": f"no {world.user}"})
        else:
            self._say(200, world.given(form))

    def _wrong(self, form: dict[str, str]) -> str:
        world = self.server.world
        match form["grant_type"]:
            case "client_credentials":
                return "" if form.get("client_secret") == SECRET else "invalid_client"
            case "refresh_token":
                return "" if form["refresh_token"] in world.refresh else "invalid_grant"
            case "authorization_code":
                return "" if form["code"] == "good" and form["code_verifier"] else "invalid_grant"
            case kind if kind.endswith("device_code"):
                return "" if world.approved else "authorization_pending"
            case _:
                return "" if form.get("assertion") else "invalid_request"

    def _say(self, code: int, value: object, retry_after: str = "") -> None:
        body = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if retry_after:
            self.send_header("Retry-After", retry_after)
        self.end_headers()
        self.wfile.write(body)
