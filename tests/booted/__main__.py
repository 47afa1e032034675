"""`make booted [STEPS="install kill"]`: boots the machine and plays the steps; exit 0 when all held, or none could be
played here. `STEPS=package` plays the story of the Debian package instead, `STEPS="package reboot"` a part of it."""

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.booted import machine, package
from tests.booted.machine import Failed, Machine, Unbootable
from tests.booted.steps import STEPS, Scene, Step
from tests.booted.town import BootedTown, Servers

PACKAGE = "package"


def main(wanted: list[str]) -> int:
    if reason := machine.missing():
        print(f"booted: skipped: {reason}")
        return 0
    story = package.STEPS if PACKAGE in wanted else STEPS
    wanted = [name for name in wanted if name != PACKAGE]
    unknown = set(wanted) - {step.__name__ for step in story}
    if unknown:
        print(f"booted: no such step: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    steps = [step for step in story if not wanted or step.__name__ in wanted or step is story[0]]
    with TemporaryDirectory(prefix="oacmail-booted-") as folder:
        share = Path(folder)
        share.chmod(0o755)
        machine.source(share / "source")
        try:
            with Machine(share) as booted:
                return _play(booted, share, steps)
        except Unbootable as reason:
            print(f"booted: skipped: {reason}")
            return 0


def _play(booted: Machine, share: Path, steps: list[Step]) -> int:
    servers = Servers(booted, share)
    servers.start()
    scene = Scene(booted, servers, BootedTown(booted), BootedTown(booted, "vila"))
    failed = [step for step in steps if not _held(step, scene)]
    return 1 if failed else 0


def _held(step: Step, scene: Scene) -> bool:
    """A step that fails is told, and hides no other."""
    began = time.monotonic()
    print(f"\n=== {step.__name__}: {step.__doc__}")
    try:
        step(scene)
    except (Failed, AssertionError) as error:
        print(f"booted: {step.__name__}: FAILED: {error}")
        scene.tell()
        return False
    print(f"booted: {step.__name__}: held, {time.monotonic() - began:.0f} s")
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
