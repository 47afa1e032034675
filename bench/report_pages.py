"""The reports of a year that nobody has lived, of a month and of the year: page in three languages, the published form
of the month, and mail, as HTML.

Usage: make report-pictures (needs chromium) writes docs/pictures/informe-*.png: the page 1,000 and 390 pixels wide, at
200 % zoom on 1,000 pixels, and the mail on a telephone. `make pages` lays the same pages out and runs axe-core on them.
"""

import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from msgspec.structs import replace

from bench import year
from bench.report_cost import configured
from oacmail import config as settings
from oacmail import reporting, wiring
from oacmail.core.effects import Send
from oacmail.core.kinds import MailKind
from oacmail.core.model import LANGUAGES
from oacmail.core.policy import Policy
from oacmail.core.report.figures import Month, MonthlyReport, grouped
from oacmail.store import connection
from oacmail.words.renderer import Renderer
from oacmail.words.report_forms import report_page
from testbed.messages import text_of

CASES, MONTH = 1_100, Month(year.YEAR, 11)
NOW = datetime(2026, 12, 1, 7, tzinfo=UTC)
PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
# name -> (page, width and height in CSS pixels, device pixels for each)
SHOTS = {
    "informe-1000": ("page-ca", (1000, 1900), 1),
    "informe-390": ("page-ca", (390, 1900), 1),
    "informe-zoom-200": ("page-ca", (500, 1000), 2),
    "informe-correu-390": ("mail-ca", (390, 1900), 1),
}


def pages() -> Iterator[tuple[str, str]]:
    """Name and HTML of each."""
    with tempfile.TemporaryDirectory(prefix="report-pages-") as folder:
        config = settings.load(configured(Path(folder), CASES))
        rules = replace(wiring.report_policy(config), report_to=("regidoria@example.org",))
        with connection.open_readonly(config.office.state) as con:
            made = reporting.to_publish(con, rules, MONTH, NOW)
            evaluation = reporting.make_year(con, rules, MONTH.year, NOW)
        yield "page-published", report_page(reporting.worded(grouped(made), "ca", rules).view)
        for name, report in (("", made), ("year-", evaluation)):
            for lang in LANGUAGES:
                yield f"{name}page-{lang}", report_page(reporting.worded(report, lang, rules).view)
            mail = _mail(report, replace(rules, secrets=(b"pages",)), wiring.renderer(config, rules))
            yield f"{name}mail-ca", mail


def _mail(made: MonthlyReport, rules: Policy, renderer: Renderer) -> str:
    """The HTML of its mail, with the pictures as a mail program shows them."""
    ready = reporting.ready(made, rules, report_page)
    send = Send(key="report", kind=MailKind.REPORT, lang="ca", recipient="regidoria@example.org", facts=ready.facts)
    mail = message_from_bytes(
        renderer.render(send, "<sample@localhost.invalid>", lambda _: "v=1", NOW).mime, policy=policy.default
    )
    assert isinstance(mail, EmailMessage)
    html = text_of(mail, "html")
    for part in mail.walk():
        if part["Content-ID"]:
            image = b64encode(part.get_payload(decode=True)).decode()  # type: ignore[arg-type]
            html = html.replace(f"cid:{part['Content-ID'].strip('<>')}", f"data:image/png;base64,{image}")
    return html


def main() -> int:
    found = dict(pages())
    with tempfile.TemporaryDirectory(prefix="report-shots-") as name:
        folder = Path(name)
        for shot, (page, (width, height), scale) in SHOTS.items():
            (folder / "page.html").write_text(found[page], "utf-8")
            subprocess.run(
                ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                 f"--user-data-dir={name}/p", f"--window-size={width},{height}", f"--force-device-scale-factor={scale}",
                 f"--screenshot={PICTURES / shot}.png", (folder / "page.html").as_uri()],
                check=True, capture_output=True,
            )  # fmt: skip
            print(f"docs/pictures/{shot}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
