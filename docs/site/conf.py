"""The documents as a small site: `make site`. Sphinx reads docs/*.md through MyST; every warning is an error."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]

project = "oacmail"
language = "en"
release = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["site"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = f"oacmail {release}"
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
