"""`python -m testbed.demo`: play the town and show the result on one screen."""

import sys

import click

from oacmail.core.errors import OacmailError
from testbed.demo.run import demo
from testbed.progress import show_progress


@click.command()
@click.option("--stay", is_flag=True, help="Keep running until Ctrl-C, with a web page that shows all mail.")
def main(stay: bool) -> None:
    """Play about 25 invented citizens, two agents and the technical services with real mail and a real daemon.

    It ignores this machine's configuration. Exit 0 only if every expected outcome was met.
    """
    try:
        sys.exit(demo(click.echo, show_progress, stay=stay))
    except OacmailError as error:
        click.echo(f"demo: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
