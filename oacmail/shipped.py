"""Where the files that come with oacmail lie: templates, migrations, holidays, the example configuration.

It says where, and never reads one.
"""

from pathlib import Path


def shipped(name: str) -> Path:
    """A file or folder: in the wheel under oacmail/data, in a checkout beside the package."""
    package = Path(__file__).parent
    return next(path for path in (package / "data" / name, package.parent / name) if path.exists())
