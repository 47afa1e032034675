"""The story of `make booted`: what an admin does, what goes wrong, what oacmail, systemd and the journal say to it.

Each step asserts what is essential; the next begins with a town that is well again.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tests.booted.machine import Failed, Machine
from tests.booted.town import BootedTown, Servers
from tests.servers.dovecot import PASSWORD
from tests.servers.waiting import until


@dataclass(frozen=True, slots=True)
class Scene:
    machine: Machine
    servers: Servers
    town: BootedTown
    second: BootedTown

    def tell(self) -> None:
        """What an admin sees at this moment."""
        unit, run = self.town.unit, self.machine
        print(f"--- oacmail status\n{self.town.oacmail('status', code=None)}")
        print(f"--- systemctl status\n{run('systemctl', 'status', '--no-pager', '-n0', unit, code=None)}")
        print(f"--- journal\n{run('journalctl', '-u', unit, '-o', 'cat', '-n', '8', '--no-pager')}", flush=True)


Step = Callable[[Scene], None]


def must(true: object, what: str) -> None:
    if not true:
        raise Failed(what)


def install(scene: Scene) -> None:
    """make deploy, configuration, passwords, check --online, first start"""
    run, town = scene.machine, scene.town
    run("cp", "-a", "/share/source", "/root/oacmail")
    run("sh", "-c", "printf '[global]\\nno-index = true\\nfind-links = /wheels\\n' > /etc/pip.conf")
    print(_deploy(run))
    run("install", "-m", "644", "/srv/tls/ca.pem", "/etc/oacmail/ca.pem")
    packages = run("/opt/oacmail/venv/bin/python", "-m", "pip", "list", "--format=freeze")
    must("pytest" not in packages and "hatchling" not in packages, "development packages were installed")
    commit = run("git", "-C", "/root/oacmail", "rev-parse", "--short", "HEAD").strip()
    must(commit in town.oacmail("--version"), "--version does not tell the commit")
    run("mount", "--bind", "/room", "/var/lib/oacmail")
    run("chown", "oacmail:", "/var/lib/oacmail")
    town.configure()
    town.password(PASSWORD)
    print(town.oacmail("check", "--online"))
    run("chmod", "644", f"{town.credentials}/imap")
    must("others can read" in town.oacmail("check", code=1), "a password that all can read is no finding")
    run("chmod", "600", f"{town.credentials}/imap")
    run("systemctl", "enable", "--quiet", "--now", town.unit)
    town.wait_until_well()
    town.answers()
    journal = run("journalctl", "-u", town.unit, "-o", "cat")
    must("RUN_OPTIONS" not in journal, "systemd warns of an unset RUN_OPTIONS")


def stop(scene: Scene) -> None:
    """systemctl stop and start"""
    town = scene.town
    town.systemctl("stop")
    must(town.show("Result") == "success", f"stopped with {town.show('Result')}")
    must(town.show("ActiveState") == "inactive", "it still runs")
    town.wait_for_problem("not-running")
    scene.tell()
    town.systemctl("start")
    town.wait_until_well()
    town.answers()


def kill(scene: Scene) -> None:
    """kill -9: systemd starts it again, nobody hears twice"""
    town = scene.town
    before = town.show("MainPID")
    scene.machine("systemctl", "kill", "-s", "KILL", town.unit)
    until(lambda: town.show("MainPID") not in ("0", before), 30, every=0.3, what="systemd starts it again")
    town.wait_for("active")
    must(int(town.show("NRestarts")) >= 1, "no restart was counted")
    town.wait_until_well()
    town.answers()


def crash_loop(scene: Scene) -> None:
    """the program that renews an access token has not run: exit 75 again and again, at most a minute apart"""
    town, run = scene.town, scene.machine
    town.systemctl("stop")
    town.configure(imap={"auth": "xoauth2", "password_file": "/etc/oacmail/access-token"})
    run("systemctl", "start", "--no-block", town.unit)
    until(lambda: int(town.show("NRestarts")) >= 2, 60, every=0.5, what="it is started again and again")
    until(lambda: town.show("ExecMainStatus") == "75", 10, every=0.2, what="exit 75")
    must(town.show("RestartMaxDelayUSec") == "1min", f"delays grow to {town.show('RestartMaxDelayUSec')}")
    town.wait_for_problem("not-running")
    scene.tell()
    town.configure()
    town.wait_for("active", 90)
    town.wait_until_well()
    town.answers()


def refused_reload(scene: Scene) -> None:
    """a broken configuration is refused at a reload, which fails, and the old one stays in force"""
    town = scene.town
    town.systemctl("reload")
    town.configure(nonsense={"x": 1})
    town.systemctl("reload", code=1)
    must(town.show("ActiveState") == "active", f"after a failed reload the unit is {town.show('ActiveState')}")
    must("refused" in town.show("StatusText"), f"systemd hears: {town.show('StatusText')}")
    must("config-refused" in town.problems(), f"status says {town.problems()}")
    must("nonsense" in town.oacmail("check", code=78), "check does not name the error")
    town.answers()
    scene.tell()
    town.configure()
    town.systemctl("reload")
    must("refused" not in town.show("StatusText"), f"systemd hears: {town.show('StatusText')}")
    town.wait_until_well()


def wrong_configuration(scene: Scene) -> None:
    """a restart with a broken configuration: exit 78, which systemd does not try again"""
    town = scene.town
    town.configure(nonsense={"x": 1})
    town.systemctl("restart", code=1)
    town.wait_for("failed")
    must(town.show("ExecMainStatus") == "78", f"exit {town.show('ExecMainStatus')}, not 78")
    scene.machine("sleep", "7")  # RestartSec, and more
    must(town.show("ActiveState") == "failed", "systemd tries it again")
    scene.tell()
    town.configure()
    town.systemctl("start")
    town.wait_until_well()
    town.answers()


def wrong_password(scene: Scene) -> None:
    """the password changes on the server; the new one is written into the credential file, and no restart is needed"""
    town = scene.town
    pid = town.show("MainPID")
    scene.servers.password("another")
    town.wait_for_problem("imap")
    must("login is refused" in town.oacmail("status", code=1), "status does not say that the login is refused")
    scene.tell()
    town.password("another")
    town.wait_until_well(400)  # its tries are five minutes apart at most
    town.answers()
    must(town.show("MainPID") == pid, "it was started again")
    scene.servers.password(PASSWORD)
    town.password(PASSWORD)
    town.wait_until_well(400)


def full_disk(scene: Scene) -> None:
    """the disk of the state fills up and is emptied again"""
    town, run = scene.town, scene.machine
    filler = f"{town.state}/filler"
    run("fallocate", "-l", "150M", filler)
    town.wait_for_problem("disk-full")
    run("sh", "-c", f"cat /dev/zero > {filler} 2>/dev/null || true")
    must("disk-full" in town.problems(), f"status says {town.problems()}")
    run("sleep", "40")  # a tick and a pass over the mailbox
    must(town.show("ActiveState") == "active", "a full disk ends the service")
    scene.tell()
    run("rm", filler)
    town.wait_until_well(400)
    town.answers()


def upgrade(scene: Scene) -> None:
    """a second town, then make deploy again: both go on"""
    town, second, run = scene.town, scene.second, scene.machine
    run("useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", second.user)
    run("install", "-m", "640", "-g", second.user, "/root/oacmail/config.toml", second.config)
    run("install", "-d", "-m", "711", second.credentials)
    folders = (second.state, f"/var/backups/{second.user}")
    run("install", "-d", "-m", "700", "-o", second.user, "-g", second.user, *folders)
    second.configure()
    second.password(PASSWORD)
    print(second.oacmail("check", "--online"))
    run("systemctl", "enable", "--quiet", "--now", second.unit)
    second.wait_until_well()
    rights = run("stat", "-c", "%a %U:%G %n", *_FOLDERS)
    for one in (town, second):
        one.oacmail("backup", f"/var/backups/{one.user}/before-upgrade")
    said = _deploy(run)
    must(town.unit in said and second.unit in said, f"make deploy does not name what to restart: {said}")
    must(run("stat", "-c", "%a %U:%G %n", *_FOLDERS) == rights, "make deploy has changed rights")
    run("systemctl", "restart", "oacmail.service", "oacmail@*.service")
    for one in (town, second):
        one.wait_for("active")
        one.wait_until_well()
        one.answers()


def restore_without_the_key(scene: Scene) -> None:
    """token.key is lost: the service does not start (78), and a restore puts the key of the backup back"""
    town, run = scene.town, scene.machine
    backup = f"/var/backups/{town.user}/last"
    town.oacmail("backup", backup)
    town.systemctl("stop")
    run("rm", f"{town.state}/token.key")
    town.systemctl("start", code=1)
    town.wait_for("failed")
    must(town.show("ExecMainStatus") == "78", f"exit {town.show('ExecMainStatus')}, not 78")
    scene.tell()
    for _ in range(2):
        print(town.oacmail("restore", "--yes", backup))
    print(kept := run("ls", "-l", town.state))
    must("token.key" in kept and "before-restore-2" in kept, "the key or an earlier database is missing")
    town.systemctl("start")
    town.wait_until_well()
    town.answers()


def dies(scene: Scene) -> None:
    """kill -9 twice more within the hour: status says that it dies, also while it runs"""
    town = scene.town
    for _ in range(2):
        before = town.show("MainPID")
        scene.machine("systemctl", "kill", "-s", "KILL", town.unit)
        until(lambda: town.show("MainPID") not in ("0", before), 60, every=0.3, what="systemd starts it again")  # noqa: B023
        town.wait_for("active", 60)
    town.wait_for_problem("dies")
    must(town.show("ActiveState") == "active", "it does not run")
    scene.tell()


_FOLDERS = ("/etc/oacmail", "/etc/oacmail/credentials", "/etc/oacmail/config.toml", "/var/lib/oacmail",
            "/var/backups/oacmail", "/etc/oacmail/vila.toml", "/etc/oacmail/credentials/vila")  # fmt: skip


def _deploy(run: Machine) -> str:
    return run("make", "-C", "/root/oacmail", "deploy", seconds=600)


STEPS: tuple[Step, ...] = (
    install,
    stop,
    kill,
    crash_loop,
    refused_reload,
    wrong_configuration,
    wrong_password,
    full_disk,
    upgrade,
    restore_without_the_key,
    dies,
)
