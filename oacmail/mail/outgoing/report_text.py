"""A report as plain text for a terminal or a mail: sentences first, then each table line by line."""

from collections.abc import Iterator, Sequence

from oacmail.mail.outgoing.report_view import ReportView


def as_text(view: ReportView) -> str:
    return "\n".join(_lines(view))


def as_mail_text(view: ReportView) -> str:
    """What the mail says: the page that is attached to it has the rest."""
    return "\n".join(_mail_lines(view))


def _mail_lines(view: ReportView) -> Iterator[str]:
    yield from (view["title"], "", view["to_do"], "")
    yield from (f"- {line}" for line in view["lead"])
    yield from ("", *view["status"])
    yield from _table(view["summary"])
    if view["corrections"]:
        yield from _table(view["corrections"])
        yield from ("", view["corrections_why"])
    for table in (*view["missed"], view["short_trend"]):
        yield from _table(table)
    yield from ("", view["note"], "", view["attached"], "", view["privacy"])


def _lines(view: ReportView) -> Iterator[str]:
    yield from (f"{view['office']}. {view['title']}", "", view["to_do"], "")
    yield from (f"- {line}" for line in view["lead"])
    yield ""
    yield from view["status"]
    yield from _table(view["summary"])
    if view["corrections"]:
        yield from _table(view["corrections"])
        yield view["corrections_why"]
    for one in view["indicators"]:
        yield from ("", one["heading"])
        yield from _rows(one["facts"]["rows"])
        for table in (one["details"], *one["tables"], one["breaches"]):
            if table:
                yield from _table(table)
    yield from _table(view["trend"])
    yield from ("", view["note"], view["privacy"])


def _table(table: ReportView) -> Iterator[str]:
    yield from ("", f"{table['caption']} ({' · '.join(table['head'][1:])})", "")
    yield from _rows(table["rows"])


def _rows(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for name, *values in rows:
        yield f"- {name}: {' · '.join(values)}"
