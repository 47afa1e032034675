"""Lay out a monthly report as a page that stands alone. It words nothing and fetches nothing."""

from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from oacmail.mail.outgoing.report_view import ReportView
from oacmail.shipped import shipped


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(shipped("templates")),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report_page.html.j2")


def report_page(view: ReportView) -> str:
    """`view`: its pictures have an entry `png`, the image in base64."""
    return _template().render(page=view)
