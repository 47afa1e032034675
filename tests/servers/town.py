"""The office of tests/booted and tests/container: open day and night, so that no test waits for a working day. Its
addresses are no placeholders, so that `check` finds nothing."""

from collections.abc import Mapping
from typing import Any

from testbed.office import ALWAYS_OPEN, changed, sections

DOMAIN = "castellbisbal.cat"


def office_sections(address: str, **changes: Mapping[str, Any]) -> dict[str, Any]:
    usual = sections(
        address,
        town="Castellbisbal",
        domain=DOMAIN,
        office=ALWAYS_OPEN,
        people={"supervisor": f"cap@{DOMAIN}", "operator": f"sistemes@{DOMAIN}"},
        deadline={"day_end": "24:00"},
    )
    return changed(usual, changes)
