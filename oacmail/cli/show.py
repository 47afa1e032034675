"""`demo`: the story in one screen."""

import sys

import click


@click.command()
@click.option("--stay", is_flag=True, help="Keep it up till Ctrl-C, with a page where all mails can be read.")
def demo(stay: bool) -> None:
    """About 25 invented citizens, two agents and the technical services exchange real mail with a real daemon.

    Uses nothing of this machine's configuration. Exit 0 only if every expected outcome was met.
    """
    from oacmail.demo.play import demo as played

    sys.exit(played(click.echo, _progress, stay=stay))


def _progress(text: str) -> None:
    """One line on a terminal, the next in its place; nothing elsewhere."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{text}", err=True, nl=False)
