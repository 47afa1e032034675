"""The one real clock."""

from datetime import UTC, datetime, timedelta

from oacmail.host import SystemClock


def test_now_is_aware_in_utc_and_now() -> None:
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert now.utcoffset() == timedelta(0)
    assert before <= now <= datetime.now(UTC)
