"""The list of what a release contains (SBOM, CycloneDX 1.6 as JSON), from the lock file and nothing else.

It is written here because the lock has all that such a list needs: names, versions, and who needs what. The tools of
PyPI would add a dozen packages to the build and read the same file. It names no licences: docs/install.md.
"""

import re
from collections.abc import Iterator
from typing import Any

_PIN = re.compile(r"^([\w.-]+)==([\w.!+]+)", re.MULTILINE)
_VIA = re.compile(r"^ +# +(?:via +)?([\w.-]+)", re.MULTILINE)


def sbom(name: str, version: str, lock: str, time: str) -> dict[str, Any]:
    """`lock`: what `uv pip compile` writes. `time`: of the release, ISO 8601 with zone."""
    packages = dict(_packages(lock))
    root = _reference(name, version)
    needs: dict[str, set[str]] = {root: set(), **{_reference(*package): set() for package in packages}}
    for package, needing in packages.items():
        for other in needing:
            known = next((_reference(*each) for each in packages if each[0] == other), root)
            needs[known].add(_reference(*package))
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": time,
            "component": {
                **_component(name, version, "application"),
                "licenses": [{"license": {"id": "EUPL-1.2"}}],
            },
        },
        "components": [_component(*package, "library") for package in sorted(packages)],
        "dependencies": [{"ref": each, "dependsOn": sorted(needs[each])} for each in sorted(needs)],
    }


def _packages(lock: str) -> Iterator[tuple[tuple[str, str], set[str]]]:
    """((name, version), names of those who need it), in the order of the file."""
    pins = list(_PIN.finditer(lock))
    for pin, following in zip(pins, [*pins[1:], None], strict=True):
        below = lock[pin.end() : following.start() if following else len(lock)]
        yield (pin[1], pin[2]), {found[1] for found in _VIA.finditer(below)}


def _component(name: str, version: str, kind: str) -> dict[str, Any]:
    reference = _reference(name, version)
    return {"type": kind, "bom-ref": reference, "name": name, "version": version, "purl": reference}


def _reference(name: str, version: str) -> str:
    return f"pkg:pypi/{name}@{version}"
