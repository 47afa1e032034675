"""The story of `make booted STEPS=package`: the Debian package, from its installation to its purge.

Faults between are those of tests/booted/steps.py. At each step it prints what dpkg, systemctl and the journal say.
"""

import re

from tests.booted.machine import Machine
from tests.booted.steps import Scene, Step, full_disk, kill, must, stop, wrong_password
from tests.servers.dovecot import PASSWORD
from tests.servers.waiting import until

DATA = ("/var/lib/oacmail/oacmail.db", "/var/lib/oacmail/token.key", "/var/backups/oacmail")
OWN = ("/etc/oacmail", "/etc/default/oacmail-upkeep")
PROGRAM = ("/usr/lib/oacmail", "/usr/bin/oacmail", "/usr/lib/systemd/system/oacmail.service")
STEP = '''

@migrations()
def m9999_booted(db: Database) -> None:
    """A step that only a newer version has."""
    db.execute("CREATE TABLE booted(id INTEGER PRIMARY KEY) STRICT")
'''
SOURCE = "usr/lib/oacmail/venv/lib/python3.*/site-packages/oacmail/data/migrations"


def install_package(scene: Scene) -> None:
    """make deb, dpkg -i, configuration, passwords, check --online, first start, first acknowledgement"""
    run, town = scene.machine, scene.town
    run("cp", "-a", "/share/source", "/root/oacmail")
    run("sh", "-c", "printf '[global]\\nno-index = true\\nfind-links = /wheels\\n' > /etc/pip.conf")
    print(run("make", "-C", "/root/oacmail", "deb", seconds=900))
    run("sh", "-c", "mkdir /root/old && cp /root/oacmail/dist/*.deb /root/old/oacmail.deb")
    print(_dpkg(run, "-i", "/root/old/oacmail.deb"))
    print(run("dpkg", "-s", "oacmail"))
    must(run("dpkg", "--verify", "oacmail") == "", "dpkg --verify finds changed files")
    must(town.show("ActiveState") == "inactive", "the installation has started something")
    run("sh", "-c", "chown oacmail: /room && echo '/room /var/lib/oacmail none bind' >> /etc/fstab")
    run("systemctl", "daemon-reload")
    run("mount", "/var/lib/oacmail")
    run("install", "-m", "644", "/srv/tls/ca.pem", "/etc/oacmail/ca.pem")
    town.configure()
    town.password(PASSWORD)
    print(town.oacmail("check", "--online"))
    run("systemctl", "enable", "--quiet", "--now", town.unit)
    town.wait_until_well()
    town.answers()
    scene.tell()


def reboot(scene: Scene) -> None:
    """systemctl reboot: the service starts by itself, before its mail server, and goes on when that is there"""
    town, machine = scene.town, scene.machine
    machine.reboot()
    town.wait_for("active", 60)
    must(machine("systemctl", "is-enabled", town.unit).strip() == "enabled", "it is no longer enabled")
    town.wait_for_problem("imap")
    scene.tell()
    scene.servers.run()
    town.wait_until_well(400)
    town.answers()


def watchdog(scene: Scene) -> None:
    """the process hangs (SIGSTOP; WatchdogSec=20 for this step): systemd kills it and starts it again"""
    town, run = scene.town, scene.machine
    folder = f"/run/systemd/system/{town.unit}.d"
    run("sh", "-c", f"mkdir -p {folder} && printf '[Service]\\nWatchdogSec=20\\n' > {folder}/watchdog.conf")
    run("systemctl", "daemon-reload")
    town.systemctl("restart")
    before, count = town.show("MainPID"), int(town.show("NRestarts"))
    run("kill", "-STOP", before)
    until(lambda: int(town.show("NRestarts")) > count, 90, every=0.5, what="systemd starts it again")
    town.wait_for("active")
    journal = run("journalctl", "-u", town.unit, "-o", "cat", "-n", "40", "--no-pager")
    must("Watchdog timeout" in journal, "the journal does not name the watchdog")
    print("".join(line + "\n" for line in journal.splitlines() if "atchdog" in line or "SIGABRT" in line))
    run("rm", "-r", folder)
    run("systemctl", "daemon-reload")
    town.systemctl("restart")
    town.wait_until_well()
    town.answers()


def upgrade_package(scene: Scene) -> None:
    """dpkg -i of a newer version with a step of the schema: stopped, migrated, started, the cases are there"""
    town, run = scene.town, scene.machine
    cases, schema = _cases(scene), town.status()["schema"]
    rights = run("stat", "-c", "%a %U:%G %n", "/etc/oacmail/config.toml", "/etc/oacmail/credentials/imap", *DATA)
    _newer(run)
    said = _dpkg(run, "-i", "/root/new.deb")
    print(said)
    town.wait_for("active", 60)
    town.wait_until_well()
    must(town.status()["schema"] != schema, f"the schema is still {schema}")
    must(_cases(scene) >= cases > 0, "cases are missing")
    must("before-m9999" in run("ls", town.state), "no copy of the database from before was kept")
    after = run("stat", "-c", "%a %U:%G %n", "/etc/oacmail/config.toml", "/etc/oacmail/credentials/imap", *DATA)
    must(after == rights, f"the upgrade has changed rights: {after}")
    must("is installed. Next" not in said, "an upgrade speaks as a first installation")
    town.answers()
    scene.tell()


def older_again(scene: Scene) -> None:
    """dpkg -i of the older version: it refuses the newer schema (78); the copy from before brings it back"""
    town, run = scene.town, scene.machine
    print(_dpkg(run, "-i", "/root/old/oacmail.deb"))
    town.wait_for("failed", 60)
    must(town.show("ExecMainStatus") == "78", f"exit {town.show('ExecMainStatus')}, not 78")
    scene.tell()
    print(town.oacmail("restore", "--yes", f"{town.state}/oacmail.db.before-m9999"))
    town.systemctl("start")
    town.wait_until_well()
    town.answers()


def remove(scene: Scene) -> None:
    """dpkg -r: the service is stopped and its program gone; configuration, passwords and data stay; install again"""
    town, run = scene.town, scene.machine
    print(_dpkg(run, "-r", "oacmail"))
    must(town.show("LoadState") == "not-found", f"the unit is {town.show('LoadState')}")
    must(_there(run, PROGRAM) == [], f"these stay: {_there(run, PROGRAM)}")
    must(_there(run, (*DATA, *OWN)) == [*DATA, *OWN], "data or configuration is gone")
    must("oacmail" not in run("systemctl", "list-units", "--all", "--plain", "--no-legend", "oacmail*"), "units stay")
    print(_dpkg(run, "-i", "/root/old/oacmail.deb"))
    town.systemctl("start")
    town.wait_until_well()
    town.answers()


def purge(scene: Scene) -> None:
    """dpkg -P: configuration and passwords go at once; it asks before the cases go, and No is the default"""
    run = scene.machine
    scene.town.oacmail("backup", "--keep", "14", "/var/backups/oacmail")  # where a folder is empty, nothing of it stays
    said = _purged(run, "no")
    must("Also delete the cases" in said, "it has not asked")
    must(_there(run, OWN) == [], "configuration or passwords stay")
    must(_there(run, DATA) == list(DATA), "the data are gone")
    _dpkg(run, "-i", "/root/old/oacmail.deb")
    said = _purged(run, "yes")
    must("Also delete the cases" in said, "it has not asked again")
    must(_there(run, (*DATA, *OWN, *PROGRAM)) == [], "something stays")
    must(run("getent", "passwd", "oacmail", code=2) == "", "the user stays")
    leftover = run("sh", "-c", "find / -xdev -name '*oacmail*' -not -path '/root/*' -not -path '/proc/*' || true")
    print(f"--- what is left anywhere\n{leftover}")


def _dpkg(run: Machine, *words: str) -> str:
    return run("env", "DEBIAN_FRONTEND=noninteractive", "dpkg", *words, seconds=300)


def _purged(run: Machine, answer: str) -> str:
    """`apt-get purge` at a terminal, where debconf asks."""
    words = "DEBIAN_FRONTEND=teletype dpkg -P oacmail"
    said = run("script", "-qec", words, "/dev/null", given=f"{answer}\n", seconds=120)
    print("\n".join(line for line in said.splitlines() if not line.startswith("(Reading database")))
    return re.sub(r"\s+", " ", said)


def _newer(run: Machine) -> None:
    """The same package with a higher version and one more step of the schema, as /root/new.deb."""
    run("dpkg-deb", "-R", "/root/old/oacmail.deb", "/root/new", seconds=120)
    run("sed", "-i", "s/^Version: .*/Version: 99.0.0/", "/root/new/DEBIAN/control")
    run("sh", "-c", f"tee -a /root/new/{SOURCE}/migrations.py > /dev/null", given=STEP)
    run("sh", "-c", f"rm -rf /root/new/{SOURCE}/__pycache__ /root/new/DEBIAN/md5sums")
    run("dpkg-deb", "--root-owner-group", "-Znone", "--build", "/root/new", "/root/new.deb", seconds=120)


def _cases(scene: Scene) -> int:
    return scene.town.oacmail("case", "list", "--json").count('"number"')


def _there(run: Machine, paths: tuple[str, ...]) -> list[str]:
    return [path for path in paths if run.call("test", "-e", path).returncode == 0]


STEPS: tuple[Step, ...] = (
    install_package,
    stop,
    reboot,
    kill,
    watchdog,
    wrong_password,
    full_disk,
    upgrade_package,
    older_again,
    remove,
    purge,
)
