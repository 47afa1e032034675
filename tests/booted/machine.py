"""A Debian 13 that boots with its own systemd in systemd-nspawn, without a network but loopback.

The system is made once by debootstrap and kept in CACHE, as are the wheels that `make deploy` installs; each run works
on a copy in memory (overlayfs), which outlives a reboot and is gone with the run. Needs root, debootstrap and
systemd-container.
"""

import os
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.servers.waiting import until

CACHE = Path("/var/tmp/oacmail-booted")
ROOT = Path(__file__).parents[2]
SUITE, MIRROR = "trixie", "http://deb.debian.org/debian"
PACKAGES = (
    "systemd,systemd-sysv,dbus,ca-certificates,python3,python3-venv,make,git,dpkg-dev,openssl,procps,util-linux,"
    "dovecot-imapd,dovecot-lmtpd,postfix"
)
LOCKED = ("requirements.txt", "systemd/requirements.txt")
ROOM = "220m"  # of /room, a small disk for a town's state; below 100 MB `status` speaks
BUILDERS = "setuptools wheel"  # for what of these has no wheel of its own
BOOTS = ("SYSTEMD_NSPAWN_UNIFIED_HIERARCHY", "1")  # a host with the old hierarchies of cgroups (systemd-nspawn(1))
REBOOTS = 133  # systemd-nspawn, when the machine asks for a new start
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
PASSED_ON = ("http_proxy", "https_proxy", "no_proxy", "PIP_CERT", "PIP_INDEX_URL", "PIP_DEFAULT_TIMEOUT")


class Unbootable(Exception):
    """systemd-nspawn is installed and cannot boot a machine here."""


class Failed(Exception):
    """A command in the machine, or a wait for it, did not end as it should."""


def missing() -> str:
    """Why no machine can be booted here; '' = one can."""
    if os.geteuid() != 0:
        return "it needs root"
    lacking = [name for name in ("systemd-nspawn", "debootstrap", "nsenter") if shutil.which(name) is None]
    if lacking:
        return f"not installed: {', '.join(lacking)}: apt-get install systemd-container debootstrap util-linux"
    return ""


def tree() -> Path:
    """The system, made at the first call; whole or not at all."""
    made = CACHE / f"{SUITE}-{sha256(PACKAGES.encode()).hexdigest()[:8]}"
    if not made.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=CACHE, prefix="new-") as draft:
            include = f"--include={PACKAGES}"
            _run("debootstrap", "--variant=minbase", include, SUITE, f"{draft}/tree", MIRROR, seconds=1800)
            for unit in ("dovecot.service", "dovecot.socket", "postfix.service"):  # the tests start their own
                (Path(draft) / "tree/etc/systemd/system" / unit).symlink_to("/dev/null")
            (Path(draft) / "tree").rename(made)
    return made


def wheels(system: Path) -> Path:
    """The locked packages for the system's Python, checked by hash; fetched when the lock files change."""
    locked = b"".join((ROOT / name).read_bytes() for name in LOCKED)
    made = CACHE / f"wheels-{sha256(locked).hexdigest()[:8]}"
    if not made.exists():
        with TemporaryDirectory(dir=CACHE, prefix="new-") as draft:
            into = Path(draft) / "wheels"
            into.mkdir()
            asked = " ".join(f"-r /source/{name}" for name in LOCKED)
            pip = "/tmp/v/bin/pip download -q -d /wheels"
            fetch = f"python3 -m venv /tmp/v && {pip} --require-hashes {asked} && {pip} {BUILDERS}"
            options = [f"--bind={into}:/wheels", f"--bind-ro={ROOT}:/source", "--resolv-conf=replace-host"]
            options += [f"--bind-ro={CERTIFICATES}"] if CERTIFICATES.exists() else []
            options += [f"--setenv={name}={os.environ[name]}" for name in PASSED_ON if name in os.environ]
            words = ("systemd-nspawn", "-q", f"--directory={system}", "--volatile=overlay", "--pipe", "--register=no")
            _run(*words, "--keep-unit", *options, "sh", "-c", fetch, seconds=1200)
            into.rename(made)
    return made


def source(into: Path) -> None:
    """The checkout as it stands, with its history, for `make deploy`."""
    _run("git", "-c", f"safe.directory={ROOT}", "clone", "-q", "--no-hardlinks", str(ROOT), str(into), seconds=120)
    listed = _run("git", "-C", str(ROOT), "-c", f"safe.directory={ROOT}", "ls-files", "-mo", "--exclude-standard")
    for name in filter(None, listed.splitlines()):
        (into / name).unlink(missing_ok=True)
        if (ROOT / name).exists():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, into / name)


def _run(*words: str, seconds: float = 60) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=seconds)
    if done.returncode:
        raise Failed(f"{' '.join(words)}: exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return done.stdout


class Machine:
    """`with Machine(share) as machine: machine("systemctl", "status")`; `share` is seen inside as /share. /room is a
    disk of ROOM bytes."""

    def __init__(self, share: Path) -> None:
        self._share = share
        self._copy = share.with_name(f"{share.name}.system")
        self._process: subprocess.Popen[bytes] | None = None
        self._leader = 0
        self._words: list[str] = []

    def __enter__(self) -> "Machine":
        system = tree()
        words = ["systemd-nspawn", "-q", f"--directory={self._mounted(system)}", "--boot", "--private-network"]
        words += ["--register=no", "--keep-unit", "--console=pipe", "--machine=oacmail-booted", "--link-journal=no"]
        words += [f"--bind={self._copy}/room:/room", f"--bind={self._share}:/share"]
        self._words = [*words, f"--bind-ro={wheels(system)}:/wheels"]
        try:
            self._boot()
        except AssertionError:
            self._end()
            raise Unbootable(f"systemd-nspawn boots no machine here: {self._console()}") from None
        return self

    def _boot(self) -> None:
        """AssertionError if it does not boot."""
        with (self._share / "console.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, BOOTS[0]: BOOTS[1]}
            )
        until(self._booted, 60, what="the machine boots")

    def __exit__(self, *_: object) -> None:
        self._end()

    def _mounted(self, system: Path) -> Path:
        """The system's files, of which only a copy in memory changes."""
        self._copy.mkdir()
        _run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", str(self._copy))
        for name in ("upper", "work", "root", "room"):
            (self._copy / name).mkdir()
        _run("mount", "-t", "tmpfs", "-o", f"size={ROOM},mode=711", "tmpfs", f"{self._copy}/room")
        layers = f"lowerdir={system},upperdir={self._copy}/upper,workdir={self._copy}/work"
        _run("mount", "-t", "overlay", "-o", layers, "overlay", f"{self._copy}/root")
        return self._copy / "root"

    def reboot(self) -> None:
        """systemd ends all units and boots again; what lies in /run and in other memory is gone."""
        assert self._process is not None
        self.call("systemctl", "reboot")
        ended = self._process.wait(120)  # with --keep-unit it leaves the new start to its caller
        if ended != REBOOTS:
            raise Failed(f"systemd-nspawn ended with {ended}, not {REBOOTS}, at a reboot\n{self._console()}")
        self._boot()

    def __call__(self, *words: str, code: int | None = 0, given: str | None = None, seconds: float = 120) -> str:
        """Run a command inside, as root; its standard output and error. Failed if it exits otherwise than `code`."""
        done = self.call(*words, given=given, seconds=seconds)
        if code is not None and done.returncode != code:
            raise Failed(f"{' '.join(words)}: exit {done.returncode}, not {code}\n{done.stdout[-4000:]}")
        return done.stdout

    def call(self, *words: str, given: str | None = None, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        path = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "HOME": "/root", "LANG": "C.UTF-8"}
        return subprocess.run(
            ["nsenter", f"--target={self._leader}", "--all", "--", *words],
            input=given or "",
            env=path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=seconds,
        )

    def _booted(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError("it ended")
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        if not children:
            return False
        self._leader = int(children[0])
        return self.call("systemctl", "is-system-running").stdout.strip() in ("running", "degraded")

    def _console(self) -> str:
        return (self._share / "console.log").read_text(errors="replace")[-3000:]

    def _end(self) -> None:
        """SIGTERM to systemd-nspawn powers the machine off; what does not go within 20 s is killed."""
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        finally:
            for mounted in (f"{self._copy}/root", f"{self._copy}/room", str(self._copy)):
                subprocess.run(["umount", "--lazy", mounted], check=False, capture_output=True)
            self._copy.rmdir()
