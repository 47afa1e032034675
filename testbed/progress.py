"""The progress of a long command on a terminal."""

import sys

import click


def show_progress(text: str) -> None:
    """Show one line on a terminal, each replacing the last; print nothing elsewhere."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{text}", err=True, nl=False)
