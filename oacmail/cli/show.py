"""The verb `demo`: plays the town and shows the result on one screen."""

import sys

import click


@click.command()
@click.option("--stay", is_flag=True, help="Keep running until Ctrl-C, with a web page that shows all mail.")
def demo(stay: bool) -> None:
    """Play about 25 invented citizens, two agents and the technical services with real mail and a real daemon.

    It ignores this machine's configuration. Exit 0 only if every expected outcome was met.
    """
    from oacmail.demo.run import demo as run_demo

    sys.exit(run_demo(click.echo, _progress, stay=stay))


def _progress(text: str) -> None:
    """Show one line on a terminal, each replacing the last; print nothing elsewhere."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{text}", err=True, nl=False)
