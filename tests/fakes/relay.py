"""A scripted relay: refusals, missing answers and closed connections at a named point, and a list of the commands.

    with Relay({"RCPT": ["450 4.2.1 busy", None], "BODY": [DROP]}) as relay: ... relay.port ...

Each verb takes its steps in order; None = the normal reply. Verbs: EHLO HELO AUTH MAIL RCPT DATA RSET QUIT, and BODY
for the reply to the whole mail. A step is a reply, `DROP` (the connection is reset) or `HANG` (no answer, ever).
"""

import asyncio
import threading
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from tests.servers.ports import HOST
from tests.servers.waiting import PATIENCE

DROP = "<drop>"
HANG = "<hang>"

Script = Mapping[str, Sequence[str | None]]


@dataclass(frozen=True, slots=True)
class Mail:
    """An accepted mail: the envelope and the bytes, without dot stuffing."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes


@dataclass
class _Script:
    """The script, and the commands so far."""

    script: dict[str, list[str | None]]
    commands: list[str] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    lines: int = 0
    taken: Callable[[Mail], None] = lambda mail: None
    token: Callable[[str], bool] = lambda token: False

    async def auth_XOAUTH2(self, server: SMTP, words: Sequence[str]) -> AuthResult:  # noqa: N802
        """As Google and Microsoft describe it: `user=…^Aauth=Bearer TOKEN^A^A`, in base64, with the command."""
        said = b64decode(words[-1]).decode()
        return AuthResult(success=self.token(said.partition("auth=Bearer ")[2].partition("\1")[0]), handled=False)

    def step(self, verb: str, words: str = "") -> str | None:
        self.commands.append(f"{verb} {words}".strip())
        steps = self.script.get(verb)
        return steps.pop(0) if steps else None

    async def handle_DATA(self, server: "_Server", session: Session, envelope: Envelope) -> str:  # noqa: N802
        step = self.step("BODY")
        if step in (DROP, HANG):
            await server.play(str(step))
        if step is None or step.startswith("2"):
            content = envelope.content if isinstance(envelope.content, bytes) else b""
            mail = Mail(envelope.mail_from or "", tuple(envelope.rcpt_tos), content)
            await asyncio.to_thread(self.taken, mail)
            self.mails.append(mail)
        return step or "250 2.0.0 taken"


class _Server(SMTP):
    """aiosmtpd's server, which reads the script before each verb."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.event_handler.lines += 1
        super().connection_made(transport)

    async def play(self, step: str) -> None:
        if step == HANG:
            await asyncio.Event().wait()
        elif step == DROP:
            if isinstance(self.transport, asyncio.Transport):
                self.transport.abort()
            await asyncio.Event().wait()
        else:
            await self.push(step)


def _scripted(verb: str) -> Callable[[_Server, str], Any]:
    usual = getattr(SMTP, f"smtp_{verb}")

    async def method(self: _Server, words: str) -> None:
        step = self.event_handler.step(verb, words or "")
        await (usual(self, words) if step is None else self.play(step))

    return method


for _verb in ("EHLO", "HELO", "AUTH", "MAIL", "RCPT", "DATA", "RSET", "QUIT"):
    setattr(_Server, f"smtp_{_verb}", _scripted(_verb))


class Relay:
    """Listens on loopback, without TLS, from `with` to its end. `size` 0 = no SIZE offered; `login` = AUTH offered;
    `taken` is called with each accepted mail before it is answered; `token`: whether a token of XOAUTH2 is valid."""

    def __init__(
        self,
        script: Script | None = None,
        *,
        size: int = 0,
        utf8: bool = True,
        login: bool = False,
        taken: Callable[[Mail], None] = lambda mail: None,
        token: Callable[[str], bool] | None = None,
    ) -> None:
        steps = {verb: list(steps) for verb, steps in (script or {}).items()}
        self._script = _Script(steps, taken=taken, token=token or (lambda token: False))
        self._options: dict[str, Any] = {"data_size_limit": size or None, "enable_SMTPUTF8": utf8}
        if login:
            good = lambda *_: AuthResult(success=True)  # noqa: E731
            without = () if token else ("XOAUTH2",)
            self._options |= {"authenticator": good, "auth_require_tls": False, "auth_exclude_mechanism": without}
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.port = 0

    def __enter__(self) -> "Relay":
        self._thread.start()
        if not self._ready.wait(10 * PATIENCE):
            raise AssertionError("the relay did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10 * PATIENCE)

    @property
    def mails(self) -> list[Mail]:
        """The accepted mails."""
        return self._script.mails

    @property
    def commands(self) -> list[str]:
        """All commands, with their words; BODY stands for the mail itself."""
        return self._script.commands

    @property
    def lines(self) -> int:
        """Number of connections."""
        return self._script.lines

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        listening = self._loop.create_server(lambda: _Server(self._script, **self._options), HOST, 0)
        server = self._loop.run_until_complete(listening)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        talks = asyncio.all_tasks(self._loop)  # those that were told to hang
        for talk in talks:
            talk.cancel()
        self._loop.run_until_complete(asyncio.gather(*talks, return_exceptions=True))
        self._loop.close()
