"""`make container`: builds the image and plays what an admin does with it; exit 0 when all held.

Needs root, buildah, podman and crun. BASE=IMAGE builds on that image; without, a Debian is made by debootstrap.
WHEELS=FOLDER installs from there. crun refuses the hybrid control groups of some hosts: their second hierarchy is
then hidden from podman, in a mount namespace of our own.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.container import image
from tests.container.office import HERE, ContainerOffice, each_has_one
from tests.servers.mail_servers import MailServers
from tests.servers.waiting import until

HYBRID = Path("/sys/fs/cgroup/unified")
NEEDED = ("buildah", "podman", "crun", "debootstrap", "unshare")


def main() -> int:
    if lacking := [name for name in NEEDED if shutil.which(name) is None]:
        print(f"container: not installed: {' '.join(lacking)}: apt-get install buildah podman crun debootstrap")
        return 1
    if HYBRID.is_mount():
        hidden = f'umount {HYBRID} && exec "$@"'
        os.execvp("unshare", ["unshare", "--mount", "sh", "-c", hidden, "sh", sys.executable, "-m", "tests.container"])
    os.environ["PODMAN_IGNORE_CGROUPSV1_WARNING"] = "1"
    commit = subprocess.check_output(["git", "-c", f"safe.directory={image.ROOT}", "rev-parse", "--short", "HEAD"])
    image.build(commit.decode().strip(), os.environ.get("WHEELS", ""))
    with TemporaryDirectory() as folder, MailServers() as servers:
        Path(folder).chmod(0o755)
        office = ContainerOffice(servers, Path(folder))
        try:
            _play(office, commit.decode().strip())
        finally:
            office.close()
    return 0


def _play(office: ContainerOffice, commit: str) -> None:
    for step in (_image, _check, _first, _stop, _kill, _replace, _outage):
        began = time.monotonic()
        print(f"\n=== {step.__name__.strip('_')}: {step.__doc__}", flush=True)
        step(office, commit)
        print(f"container: {step.__name__.strip('_')}: held, {time.monotonic() - began:.0f} s", flush=True)


def _image(office: ContainerOffice, commit: str) -> None:
    """it names its commit, runs as a user of its own, and has no tools of the build"""
    assert commit in office.once("--version")
    shown = image.run("podman", "inspect", "--format={{.Config.User}} {{.Config.StopSignal}} {{.Size}}", image.IMAGE)
    print(shown)
    assert shown.startswith("oacmail ")
    inside = ("find", "/opt/oacmail", "/build", "-maxdepth", "5", "-name", "*.dist-info")
    packages = image.run("podman", "run", "--rm", *HERE, f"--entrypoint={inside[0]}", image.IMAGE, *inside[1:], code=1)
    assert "pydantic-" in packages
    assert "hatchling-" not in packages


def _check(office: ContainerOffice, _: str) -> None:
    """check --online finds nothing; a secret that others can read is a finding"""
    print(office.once("check", "--online"))
    office.secret("imap", "Bustia-4417", mode=0o644)
    assert "others can read" in office.once("check", code=1)
    office.secret("imap", "Bustia-4417")


def _first(office: ContainerOffice, _: str) -> None:
    """the first start: healthy, and a citizen gets one acknowledgement"""
    office.create()
    office.wait_until_healthy()
    each_has_one(office.citizens(1))
    print(office.podman("logs", "--tail=5"))
    print(office.inside("status"))


def _stop(office: ContainerOffice, _: str) -> None:
    """podman stop (SIGTERM) while mail arrives: exit 0, and after the start everybody has one acknowledgement"""
    people = office.citizens(20)
    office.podman("stop")
    state = office.state()
    print({key: state[key] for key in ("Status", "ExitCode", "OOMKilled")})
    assert state["ExitCode"] == 0
    people += office.citizens(5)
    office.podman("start")
    office.wait_until_healthy()
    each_has_one(people)


def _kill(office: ContainerOffice, _: str) -> None:
    """podman kill (SIGKILL) while mail arrives: nothing is lost, nobody hears twice"""
    people = office.citizens(20)
    office.podman("kill", "--signal=KILL")
    until(lambda: not office.running(), what="it has ended")
    office.podman("start")
    office.wait_until_healthy()
    each_has_one(people)


def _replace(office: ContainerOffice, _: str) -> None:
    """a new container on the same volume goes on where the old one stopped"""
    before = office.inside("case", "list", "--json").count('"number"')
    office.podman("rm", "--force")
    office.create()
    office.wait_until_healthy()
    each_has_one(office.citizens(1))
    after = office.inside("case", "list", "--json").count('"number"')
    assert after == before + 1, (before, after)


def _outage(office: ContainerOffice, _: str) -> None:
    """the mail server goes away and comes back: unhealthy, then healthy, in the same process"""
    pid = office.state()["Pid"]
    office.mail_servers.dovecot.stop()
    until(lambda: not office.healthy(), 90, every=1, what="unhealthy")
    office.mail_servers.dovecot.start()
    office.wait_until_healthy(seconds=120)
    each_has_one(office.citizens(1))
    assert office.state()["Pid"] == pid


if __name__ == "__main__":
    sys.exit(main())
