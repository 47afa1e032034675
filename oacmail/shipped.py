"""Locate the files that come with oacmail: templates, migrations, holidays, the example configuration.

It only returns paths, and reads the commit that a wheel was built from.
"""

from pathlib import Path

from oacmail import __version__


def shipped(name: str) -> Path:
    """Return a file or folder: in the wheel under oacmail/data, in a checkout next to the package."""
    package = Path(__file__).parent
    return next(path for path in (package / "data" / name, package.parent / name) if path.exists())


def version() -> str:
    """Return `0.1.0 (1a2b3c4)` if the wheel was built from git, else `0.1.0`."""
    commit = Path(__file__).parent / "data" / "commit"
    return f"{__version__} ({commit.read_text().strip()})" if commit.exists() else __version__
