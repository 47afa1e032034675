"""The monthly report of a running daemon: it leaves once, with its charts, and a restart sends no second one."""

import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from oacmail.store.connection import FILE
from testbed.messages import text_of
from tests.e2e import shapes
from tests.e2e.office import RunningOffice
from tests.servers.mail_servers import MailServers
from tests.servers.people import Citizen


def test_last_months_report_arrives_once_with_its_charts(mail_servers: MailServers, tmp_path: Path) -> None:
    council = Citizen(mail_servers, "Regidora")
    office = RunningOffice(
        mail_servers, tmp_path, report={"to": [council.address]}, digest={"to": [], "at": "00:00"}
    )  # fmt: skip
    with office.running():
        office.passes()
    assert council.inbox() == []  # the desk is new: no month is over yet
    with closing(sqlite3.connect(office.state / FILE)) as con, con:
        con.execute("UPDATE folders SET started_at = '2025-01-01T00:00:00Z'")
        con.execute("DELETE FROM kv WHERE key = 'no-month-waits'")
    with office.running():
        (report,) = council.wait_for_mail(seconds=30)
    month = (date.today().replace(day=1) - timedelta(days=1)).isoformat()[:7]
    assert [part.get_content_type() for part in report.walk() if not part.is_multipart()] == [
        "text/plain", "text/html", "image/png", "text/html", "text/csv",
    ]  # fmt: skip
    assert [part.get_filename() for part in report.iter_attachments()] == [f"{month}-ca.html", f"{month}-ca.csv"]
    body = text_of(report, "html")
    pictures = [part["Content-ID"].strip("<>") for part in report.walk() if part["Content-ID"]]
    assert all(f"cid:{name}" in body for name in pictures)
    with office.running():
        office.passes()
    assert len(council.inbox()) == 1
    (row,) = office.json("report", month)
    assert shapes.faults(row, shapes.REPORT) == []
    assert row["published_at"] is not None
    assert "was published before" in office.oacmail("report", month, "--send", code=1).stderr
