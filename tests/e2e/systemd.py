"""The datagram socket of systemd, to which a service reports its state (sd_notify(3))."""

import socket
import threading
import time
from itertools import pairwise
from pathlib import Path

from tests.servers.waiting import until


class NotifySocket:
    """`with NotifySocket(folder) as notify:`; pass `notify.environ` to the process. `received`: (seconds, word)."""

    def __init__(self, folder: Path, *, watchdog: float) -> None:
        self._path = folder / "notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._watchdog = watchdog
        self.received: list[tuple[float, str]] = []

    @property
    def environ(self) -> dict[str, str]:
        return {"NOTIFY_SOCKET": str(self._path), "WATCHDOG_USEC": str(int(self._watchdog * 1e6))}

    def __enter__(self) -> "NotifySocket":
        self._socket.bind(str(self._path))
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def words(self) -> list[str]:
        return [word for _, word in self.received]

    def wait_for(self, word: str, count: int = 1, seconds: float = 10.0) -> None:
        until(lambda: self.words().count(word) >= count, seconds, what=f"{count} times {word} in {self.words()}")

    def wait_for_part(self, text: str, seconds: float = 10.0) -> None:
        until(lambda: any(text in word for word in self.words()), seconds, what=f"{text} in {self.words()}")

    def longest_silence(self, word: str) -> float:
        """Seconds between two neighbours."""
        times = [at for at, received in self.received if received == word]
        return max(later - earlier for earlier, later in pairwise(times))

    def _listen(self) -> None:
        while True:
            try:
                told = self._socket.recv(4096).decode()
            except OSError:
                return  # closed: the test is over
            self.received += [(time.monotonic(), line) for line in told.splitlines()]
