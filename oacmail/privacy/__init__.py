"""Data protection: what is held on a person, its erasure, and its retention (docs/privacy.md).

The verbs `export`, `forget` and `purge` and the nightly job call it; it holds the order of steps.
"""

from oacmail.privacy.nightly import nightly_purge
from oacmail.privacy.restored import nightly_forgetting

__all__ = ["nightly_forgetting", "nightly_purge"]
