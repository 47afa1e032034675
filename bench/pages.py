"""Measure the HTML of every mail and page in a browser: its width, and what axe-core finds.

Usage: make pages (needs chromium and npm). Each sample of each kind of mail, in each language, the reports of a month
and a year and the page of `oacmail export` are laid out 390 and 1,000 pixels wide. A page fails if it is wider than its
screen, or if axe-core (https://github.com/dequelabs/axe-core, rules of WCAG 2.2 A and AA) finds anything serious. What
fails is named, and the exit code is then 1.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import escape
from pathlib import Path
from typing import TypedDict

from msgspec.structs import replace

from bench import export_page, report_pages
from oacmail.config import load
from oacmail.core import relayed
from oacmail.core.effects import Send
from oacmail.core.kinds import KINDS, TEMPLATED, MailKind
from oacmail.core.model import LANGUAGES, Status
from oacmail.core.notices import buttons
from oacmail.core.policy import Policy
from oacmail.shipped import shipped
from oacmail.wiring import renderer, rules
from oacmail.words.facts import SAMPLES
from testbed.messages import text_of

WIDTHS = (390, 1000)
AXE = "4.14.1"
CASE = "OAC-2026-000123"
NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)
CHROMIUM = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-extensions", "--virtual-time-budget=600000",
    "--window-size=1100,900",
)  # fmt: skip
# The wrapper lays each mail out in a frame of its own width, then runs axe in it.
_WRAPPER = """<!doctype html><html lang="en"><head><title>pages</title></head><body>
%s
<pre id="found"></pre>
<script>
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
async function look() {
  const found = [];
  for (const frame of document.querySelectorAll("iframe")) {
    const page = frame.contentDocument, window_ = frame.contentWindow;
    const wide = Math.max(page.documentElement.scrollWidth, page.body.scrollWidth);
    const script = page.createElement("script");
    script.textContent = atob("%s");
    page.head.appendChild(script);
    const run = await window_.axe.run(page, {runOnly: {type: "tag", values: tags}});
    const bad = run.violations.filter(one => ["serious", "critical"].includes(one.impact)).map(one => one.id);
    found.push({name: frame.title, screen: frame.width, wide: wide, bad: bad});
  }
  document.getElementById("found").textContent = JSON.stringify(found);
}
window.onload = look;
</script></body></html>"""


class LaidOut(TypedDict):
    """One mail in one width: what it is called, its screen and its own width in pixels, and the broken rules."""

    name: str
    screen: str
    wide: int
    bad: list[str]


def mails() -> Iterator[tuple[str, str]]:
    """Name and HTML of every sample."""
    config = load(shipped("config.toml"))
    policy_ = replace(rules(config), secrets=(b"pages",), instance="pages", provable=True)
    made = renderer(config, policy_)
    for kind, lang in ((kind, lang) for kind in sorted(TEMPLATED) for lang in (*LANGUAGES, "ca+es")):
        of_case = KINDS[kind].about_case
        for place, facts in enumerate(SAMPLES[kind]):
            send = Send(
                key="sample",
                kind=kind,
                lang=lang,
                recipient="anna@example.org",
                case=CASE if of_case else None,
                token=f"{CASE}-K7Q" if of_case else "",
                facts=_with_buttons(policy_, kind, facts, lang.partition("+")[0]),
                received_at=NOW,
                due_at=NOW,
            )
            send = relayed.offer_links(policy_, send, {CASE: ("anna@example.org", Status.OPEN)}, ())
            mime = made.render(send, "<sample@localhost.invalid>", lambda _: "v=1", NOW).mime
            yield f"{kind}-{lang}-{place}", _html(mime)


def everything() -> Iterator[tuple[str, str]]:
    """All mails, the reports of a month and a year with their mails, and the copy of a person's data."""
    yield from mails()
    yield from report_pages.pages()
    yield from export_page.pages()


def _with_buttons(policy_: Policy, kind: MailKind, facts: Mapping[str, object], lang: str) -> dict[str, object]:
    """The facts of a sample with the buttons that its first reader gets, an agent or one of the technical services."""
    case = CASE if KINDS[kind].about_case else None
    people = (*policy_.people.technical, *policy_.people.agents)
    made = (
        buttons(policy_, kind, recipient=reader, case=case, facts=facts, key="sample", lang=lang, now=NOW)
        for reader in people
    )
    return {**facts, "buttons": next(filter(None, made), ())}


def _html(mime: bytes) -> str:
    message = message_from_bytes(mime, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return text_of(message, "html")


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="pages-") as folder:
        axe = _axe(Path(folder))
        frames = "\n".join(
            f'<iframe title="{name}" width="{width}" height="900" srcdoc="{escape(html)}"></iframe>'
            for name, html in everything()
            for width in WIDTHS
        )
        page = Path(folder) / "pages.html"
        page.write_text(_WRAPPER % (frames, axe), encoding="utf-8")
        found = _look(page, Path(folder))
    failed = [row for row in found if row["wide"] > int(row["screen"]) or row["bad"]]
    for row in failed:
        print(f"{row['name']} at {row['screen']}: {row['wide']} wide, {', '.join(row['bad']) or 'nothing serious'}")
    print(f"{len(found)} pages, {len(failed)} failed")
    return 1 if failed or not found else 0


def _axe(folder: Path) -> str:
    """axe-core in base64."""
    subprocess.run(["npm", "install", "--silent", "--prefix", folder, f"axe-core@{AXE}"], check=True)
    return subprocess.run(
        ["base64", "-w0", folder / "node_modules/axe-core/axe.min.js"], check=True, capture_output=True, text=True
    ).stdout


def _look(page: Path, folder: Path) -> list[LaidOut]:
    done = subprocess.run(
        ["chromium", *CHROMIUM, f"--user-data-dir={folder}/profile", "--dump-dom", page.as_uri()],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    shown = re.search(r'<pre id="found">(.*?)</pre>', done, re.DOTALL)
    assert shown is not None, "the page was not laid out"
    found: list[LaidOut] = json.loads(shown[1] or "[]")
    return found


if __name__ == "__main__":
    sys.exit(main())
