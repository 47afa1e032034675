"""`run` and `once`."""

import gc

import click

from oacmail import service, wiring
from oacmail.adapters import log, parse_worker
from oacmail.adapters.systemd import Systemd
from oacmail.cli.common import configured
from oacmail.config import Config
from oacmail.core.errors import ConfigError
from oacmail.engine import TEMPLATES


@click.command()
@click.option("--shadow", is_flag=True, help="Decide and record all; send and move nothing, ever.")
@click.pass_context
def run(ctx: click.Context, shadow: bool) -> None:
    """The daemon, in the foreground, until SIGTERM. SIGHUP re-reads configuration and templates."""
    config = configured(ctx)
    log.configure()
    gc.freeze()  # what is imported stays: it need not be searched for garbage
    parts = wiring.assemble(config, shadow=shadow, parsing=parse_worker.start())
    try:
        _sound(parts)
    except BaseException:
        parts.close()
        raise
    service.Service(parts, Systemd.from_environment(), lambda: _read_anew(ctx)).run()


def _read_anew(ctx: click.Context) -> Config:
    """A file that has gone is as wrong as one with an error: what is in force stays so."""
    try:
        return configured(ctx)
    except click.UsageError as error:
        raise ConfigError((error.message,)) from None


@click.command()
@click.pass_context
def once(ctx: click.Context) -> None:
    """One full pass: read all watched folders, tick, send what is due, exit."""
    log.configure()
    parts = wiring.assemble(configured(ctx))
    try:
        service.once(parts)
    finally:
        parts.close()


def _sound(parts: wiring.Parts) -> None:
    """A town's own template that cannot be rendered is found before the first citizen writes."""
    problems = wiring.own_templates(parts.config, wiring.renderer(parts.config, parts.engine.policy))
    for line in problems:
        click.echo(f"oacmail: {line}", err=True)
    parts.store.problem(TEMPLATES, bool(problems), parts.engine.now())
