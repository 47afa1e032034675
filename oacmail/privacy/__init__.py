"""Data protection: what is held on a person, its erasure, and its retention (docs/privacy.md).

The verbs `export`, `forget` and `purge` and the nightly job call it; it holds the order of steps.
"""

from oacmail.privacy.erasure import nightly_forgetting
from oacmail.privacy.retention import nightly_purge

__all__ = ["nightly_forgetting", "nightly_purge"]
