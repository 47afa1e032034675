"""One office in a container beside private mail servers, as docs/packages.md, "In a container", says."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from testbed.office import as_toml
from tests.container.image import IMAGE, LIMITS, run
from tests.servers.mail_servers import PASSWORD, MailServers
from tests.servers.people import Citizen
from tests.servers.town import office_sections
from tests.servers.waiting import until

NAME, VOLUME = f"oacmail-test-{os.getpid()}", f"oacmail-test-state-{os.getpid()}"
USER = 990
SAFE = ("--read-only", "--cap-drop=all", "--security-opt=no-new-privileges")
HERE = ("--network=host", "--cgroups=disabled", *LIMITS)


class ContainerOffice:
    """`etc` is its /etc/oacmail, `secrets` its /run/secrets; the state is a volume that outlives the container."""

    def __init__(self, mail_servers: MailServers, folder: Path) -> None:
        self.mail_servers, self._etc, self._secrets = mail_servers, folder / "etc", folder / "secrets"
        user = mail_servers.new_user("office")
        self.address = mail_servers.address(user)
        for each in (self._etc, self._secrets):
            each.mkdir(mode=0o755)
        (self._etc / "ca.pem").write_bytes(mail_servers.certs.ca.read_bytes())
        ports = {"imap": mail_servers.dovecot.imaps_port, "smtp": mail_servers.postfix.submission_port}
        (self._etc / "config.toml").write_text(as_toml(self._configuration(user, **ports)))
        for name in ("imap", "smtp"):
            self.secret(name, PASSWORD)

    def _configuration(self, user: str, imap: int, smtp: int) -> dict[str, Any]:
        server = {"user": user, "ca_file": "ca.pem"}
        return office_sections(
            self.address,
            office={"state": "/var/lib/oacmail"},
            imap={**server, "port": imap, "poll_seconds": 1},
            smtp={**server, "port": smtp, "per_minute": 0},
            ack={"per_domain_hour": 0, "unverified_per_hour": 0},
        )

    def secret(self, name: str, word: str, mode: int = 0o600) -> None:
        file = self._secrets / name
        file.write_text(word + "\n")
        os.chown(file, USER, USER)
        file.chmod(mode)

    def once(self, *words: str, code: int | None = 0) -> str:
        """`podman run --rm IMAGE VERB`, with everything that the service has."""
        return run("podman", "run", "--rm", *self._options(), IMAGE, *words, code=code, seconds=240)

    def create(self) -> None:
        """A new container, on the same volume."""
        run("podman", "run", "--detach", f"--name={NAME}", "--stop-timeout=20", *self._options(), IMAGE, seconds=240)

    def _options(self) -> tuple[str, ...]:
        volumes = (f"{self._etc}:/etc/oacmail:ro", f"{self._secrets}:/run/secrets:ro", f"{VOLUME}:/var/lib/oacmail")
        return (*HERE, *SAFE, *(f"--volume={volume}" for volume in volumes))

    def podman(self, verb: str, *words: str, code: int | None = 0) -> str:
        return run("podman", verb, *words, NAME, code=code, seconds=240)

    def inside(self, *words: str) -> str:
        """A verb beside the running service."""
        return run("podman", "exec", NAME, "oacmail", *words, seconds=120)

    def healthy(self) -> bool:
        """What the health check of the image says now."""
        done = subprocess.run(["podman", "healthcheck", "run", NAME], capture_output=True, check=False, timeout=120)
        return done.returncode == 0

    def running(self) -> bool:
        return bool(self.state()["Running"])

    def state(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.podman("inspect", "--format={{json .State}}"))
        return found

    def wait_until_healthy(self, *, seconds: float = 60) -> None:
        until(self.healthy, seconds, every=1, what=lambda: self.podman("logs", "--tail=20", code=None))

    def citizens(self, count: int) -> list[Citizen]:
        """So many write; each waits for an acknowledgement."""
        people = [Citizen(self.mail_servers, domain="castellbisbal.cat") for _ in range(count)]
        for number, citizen in enumerate(people):
            citizen.write(self.address, f"Padró {number}", "Bon dia, com demano un volant de convivència?\n")
        return people

    def close(self) -> None:
        run("podman", "rm", "--force", "--time=5", "--ignore", NAME, seconds=120)
        run("podman", "volume", "rm", "--force", VOLUME)


def each_has_one(people: list[Citizen]) -> None:
    """Everybody gets an acknowledgement; nobody gets two, as far as has been sent."""
    for citizen in people:
        citizen.wait_for_mail(seconds=60)
    counts = {citizen.user: len(citizen.inbox()) for citizen in people}
    assert set(counts.values()) == {1}, counts
