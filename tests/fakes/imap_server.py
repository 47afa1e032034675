"""An IMAP server that has only what a test gives it: few capabilities, odd folders, messages that are none.

    with ImapServer(capabilities="IMAP4rev1", messages={1: FakeMessage(b"...")}) as server: ... server.port ...

Every login is welcome. It knows the commands that oacmail needs of such a server, and no more.
"""

import re
import socketserver
import threading
from base64 import b64decode
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.servers.ports import HOST

THROTTLED = "BAD Request is throttled. Suggested Backoff Time: 90000 milliseconds"
_TROUBLES = {
    "NO": "NO [SERVERBUG] internal error",
    "BYE": "BYE out of order",
    "throttled": THROTTLED,
    "nothing": "OK done",
}
ENDLESS = 256 * 1024 * 1024
INBOX_ONLY = (r'(\HasNoChildren) "/" INBOX',)


@dataclass(frozen=True, slots=True)
class FakeMessage:
    """What FETCH says of it: `raw` None = NIL; `size` None = its length. `announced`: bytes of the literal of its
    whole text, whatever it has; None = what it has."""

    raw: bytes | None = b"Subject: Hola\r\n\r\nBon dia\r\n"
    size: int | None = None
    date: str = "25-Nov-2026 10:00:00 +0100"
    announced: int | None = None

    def octets(self) -> int:
        return len(self.raw or b"") if self.size is None else self.size


class ImapServer:
    """`folders`: rows of LIST; `messages`: of INBOX, by UID; `vanishing`: UIDs that are gone at the second FETCH;
    `refused`: UIDs that make a FETCH fail; `quota`: the lines that answer GETQUOTAROOT, none = BAD. `software`: its
    name by ID. `commands`: without their tags; `denied`: those that were not answered with OK. `trouble`: what every
    FETCH of a message's bytes is answered with, of any message: "NO", "BYE", "throttled" (every login too) or "nothing"
    (OK without a message), or with these words; a test sets it while the server runs, and `locked`, which refuses every
    login with these words. `floods`: by command in lower case, or "greeting", what it is answered with: a beginning,
    then the same bytes again and again until the client hangs up or `flooded`, the bytes so sent, come to ENDLESS."""

    def __init__(
        self,
        *,
        capabilities: str = "IMAP4rev1",
        folders: Iterable[str] = INBOX_ONLY,
        messages: Mapping[int, FakeMessage] | None = None,
        vanishing: Iterable[int] = (),
        refused: Iterable[int] = (),
        quota: Iterable[str] = (),
        software: str = "",
    ) -> None:
        self.capabilities, self.folders = capabilities, tuple(folders)
        self.messages = dict(messages or {})
        self.vanishing, self.refused = set(vanishing), set(refused)
        self.quota = tuple(quota)
        self.software = software
        self.commands: list[str] = []
        self.trouble = ""
        self.locked = ""
        self.floods: dict[str, tuple[bytes, bytes]] = {}
        self.flooded = 0
        self.denied: list[str] = []
        self._server = ImapListener(self, _Dialogue)
        self.port = self._server.port

    def __enter__(self) -> "ImapServer":
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class ImapListener(socketserver.ThreadingTCPServer):
    """Serves on loopback until it is shut down. `world`: what its dialogues speak for."""

    daemon_threads = True

    def __init__(self, world: Any, dialogue: type["ImapDialogue"]) -> None:
        super().__init__((HOST, 0), dialogue)
        self.world = world
        self.port = int(self.server_address[1])

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()


class ImapDialogue(socketserver.StreamRequestHandler):
    """One connection: `do_VERB` answers each command, with OK if it returns nothing. `world` has `capabilities`."""

    disable_nagle_algorithm = True
    server: ImapListener
    KNOWN = r"LOGIN|ID|NOOP|LOGOUT"
    """What else is answered with OK, as a regular expression."""

    def handle(self) -> None:
        if self.floods("greeting"):
            return
        self.say("* OK ready")
        for line in self.rfile:
            tag, _, words = line.decode().strip().partition(" ")
            verb = words.upper().removeprefix("UID ").split(" ")[0].lower()
            self.server.world.commands.append(words)
            if self.floods(verb):
                return
            answer = getattr(self, f"do_{verb}", self.other)(words) or "OK done"
            if answer.startswith("BYE"):
                self.say(f"* {answer}")
                return
            if not answer.startswith("OK"):
                self.server.world.denied.append(words)
            self.say(f"{tag} {answer}")
            if verb == "logout":
                return

    def floods(self, verb: str) -> bool:
        return False

    def do_capability(self, words: str) -> None:
        self.say(f"* CAPABILITY {self.server.world.capabilities}")

    def opened(self, words: str, uids: Collection[int], uidvalidity: int, uidnext: int, flags: str) -> str:
        """The answer to SELECT or EXAMINE."""
        for line in (
            f"{len(uids)} EXISTS",
            "0 RECENT",
            f"FLAGS ({flags})",
            f"OK [PERMANENTFLAGS ({flags})] ok",
            f"OK [UIDVALIDITY {uidvalidity}] ok",
            f"OK [UIDNEXT {uidnext}] next",
        ):
            self.say(f"* {line}")
        return f"OK [{'READ-ONLY' if words.startswith('EXAMINE') else 'READ-WRITE'}] done"

    def found(self, uids: Iterable[int]) -> None:
        """The answer to SEARCH."""
        self.say(" ".join(("* SEARCH", *map(str, sorted(uids)))))

    def other(self, words: str) -> str | None:
        return None if re.match(self.KNOWN, words) else "BAD Command Argument Error. 12"

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


def among(uids: Iterable[int], wanted: str) -> list[int]:
    """Those of a sequence set (RFC 9051)."""
    ranges = [[int(end or 0) for end in one.replace("*", "4294967295").split(":")] for one in wanted.split(",")]
    return [uid for uid in sorted(uids) if any(r[0] <= uid <= r[-1] for r in ranges)]


class _Dialogue(ImapDialogue):
    KNOWN = rf"{ImapDialogue.KNOWN}|UID (STORE|COPY|EXPUNGE|MOVE)"

    def floods(self, verb: str) -> bool:
        world = self.server.world
        start, more = world.floods.get(verb, (b"", b""))
        try:
            self.wfile.write(start)
            while more and world.flooded < ENDLESS:
                self.wfile.write(more)
                world.flooded += len(more)
        except OSError:  # the client has hung up
            return True
        return bool(more)

    def do_authenticate(self, words: str) -> None:
        self.say("+ ")
        self.server.world.commands.append(b64decode(self.rfile.readline()).decode())

    def do_login(self, words: str) -> str | None:
        if self.server.world.trouble == "throttled":
            return THROTTLED
        return self.server.world.locked or None

    def do_id(self, words: str) -> None:
        self.say(
            f'* ID ("name" "{self.server.world.software}" "version" "1")' if self.server.world.software else "* ID NIL"
        )

    def do_list(self, words: str) -> None:
        for row in self.server.world.folders:
            self.say(f"* LIST {row}")

    def do_examine(self, words: str) -> str:
        messages = self.server.world.messages
        return self.opened(words, messages, 7, max(messages, default=0) + 1, "\\Seen")

    do_select = do_examine

    def do_getquotaroot(self, words: str) -> str:
        for line in self.server.world.quota:
            self.say(f"* {line}")
        return "OK done" if self.server.world.quota else "BAD what?"

    def do_search(self, words: str) -> None:
        wanted = words.partition("SEARCH UID ")[2].partition(" ")[0]
        self.found(self._uids(wanted) if wanted else self.server.world.messages)

    def do_fetch(self, words: str) -> str:
        uids, items = words.split(" ", 3)[2:]
        trouble = str(self.server.world.trouble)
        if trouble and "BODY" in items:
            return _TROUBLES.get(trouble, trouble)
        if self.server.world.refused & set(self._uids(uids)):
            return "NO some of it cannot be read"
        for number, uid in enumerate(self._uids(uids), 1):
            self.wfile.write(f"* {number} FETCH (UID {uid}".encode() + self._items(uid, items) + b")\r\n")
        for uid in self.server.world.vanishing:
            self.server.world.messages.pop(uid, None)
        return "OK done"

    def _items(self, uid: int, items: str) -> bytes:
        message = self.server.world.messages[uid]
        if "BODY.PEEK[]" in items:
            raw = message.raw
            if raw is None:
                return b" BODY[] NIL"
            return b" BODY[] {%d}\r\n%s" % (len(raw) if message.announced is None else message.announced, raw)
        if "BODY.PEEK[HEADER]" in items:
            head = (message.raw or b"").partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
            return b" BODY[HEADER]<0> {%d}\r\n%s" % (len(head), head)
        if "BODYSTRUCTURE" in items:
            return b" BODYSTRUCTURE (nonsense"
        return f' RFC822.SIZE {message.octets()} INTERNALDATE "{message.date}"'.encode()

    def _uids(self, wanted: str) -> list[int]:
        return among(self.server.world.messages, wanted)
