"""A build hook: a wheel that is built from git, or with $OACMAIL_COMMIT, tells its commit.

https://hatch.pypa.io/latest/plugins/build-hook/custom/

An editable installation gets none: its commit changes without a build.
"""

import os
import subprocess
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Commit(BuildHookInterface):
    """Puts `git describe` into the wheel as oacmail/data/commit."""

    _folder: Path | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        described = "" if version == "editable" else os.environ.get("OACMAIL_COMMIT") or _describe(self.root)
        if described:
            self._folder = Path(mkdtemp(prefix="oacmail-build-"))
            file = self._folder / "commit"
            file.write_text(described)
            build_data["force_include"][str(file)] = "oacmail/data/commit"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        if self._folder is not None:
            rmtree(self._folder)


def _describe(root: str) -> str:
    """'' without git, or outside a checkout. The clone may belong to another user than root, who builds."""
    command = ["git", "-c", f"safe.directory={root}", "-C", root, "describe", "--always", "--dirty", "--tags"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
