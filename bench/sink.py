"""An SMTP server in its own process that accepts every mail and records one line for each.

Its time and memory are nobody's. A line: {"at", "from", "to", "in_reply_to", "size"}; `at` is the moment of the 250,
in seconds since the epoch.
"""

import asyncio
import json
import re
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from tests.servers.ports import HOST, free_port

_ADDRESS = re.compile(rb"<([^>]*)>")
_REPLY_TO = re.compile(rb"^In-Reply-To:\s*(<[^>]+>)", re.IGNORECASE | re.MULTILINE)
_END = b"\r\n.\r\n"
_GREETING = b"220 sink ESMTP\r\n"
_OFFERS = (b"sink", b"PIPELINING", b"8BITMIME", b"SMTPUTF8", b"ENHANCEDSTATUSCODES")
_ANSWERS = {
    b"EHLO": b"".join(b"250-%s\r\n" % keyword for keyword in _OFFERS) + b"250 SIZE 104857600\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 2.0.0 bye\r\n",
}
_FINE = b"250 2.0.0 ok\r\n"


class _Session:
    """The session of one client."""

    def __init__(self, lines: TextIO) -> None:
        self._lines, self._from, self._to = lines, "", list[str]()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(EOFError, ConnectionError):  # a client may leave at any moment
            writer.write(_GREETING)
            while line := await reader.readline():
                verb = line[:4].upper()
                self._note(verb, line)
                writer.write(_ANSWERS.get(verb, _FINE))
                if verb == b"DATA":
                    await writer.drain()
                    self._take(await reader.readuntil(_END))
                    writer.write(_FINE)
                elif verb == b"QUIT":
                    break

    def _note(self, verb: bytes, line: bytes) -> None:
        found = _ADDRESS.search(line)
        address = found[1].decode("ascii", "replace") if found else ""
        if verb == b"MAIL":
            self._from, self._to = address, []
        elif verb == b"RCPT":
            self._to.append(address)

    def _take(self, mail: bytes) -> None:
        named = _REPLY_TO.search(mail.partition(b"\r\n\r\n")[0])
        reply = named[1].decode("ascii", "replace") if named else ""
        row = {"at": time.time(), "from": self._from, "to": self._to, "in_reply_to": reply, "size": len(mail)}
        self._lines.write(json.dumps(row) + "\n")
        self._lines.flush()


async def _serve(port: int, path: Path) -> None:
    with path.open("a", encoding="utf-8") as lines:
        server = await asyncio.start_server(lambda r, w: _Session(lines).talk(r, w), HOST, port, limit=2**27)
        print("ready", flush=True)
        await server.serve_forever()


class Sink:
    """`with Sink(folder) as sink: sink.port`; `mails()` returns the lines so far."""

    def __init__(self, folder: Path) -> None:
        self.port, self._path = free_port(), folder / "sink.jsonl"

    def __enter__(self) -> "Sink":
        self._path.touch()
        command = [sys.executable, "-m", "bench.sink", str(self.port), str(self._path)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self._process.stdout.readline()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.terminate()
        self._process.communicate()

    def mails(self) -> list[dict[str, Any]]:
        return [
            json.loads(line) for line in self._path.read_text("utf-8").splitlines(keepends=True) if line[-1] == "\n"
        ]

    def size(self) -> int:
        """A number that grows with each mail; cheap to read."""
        return self._path.stat().st_size


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))
