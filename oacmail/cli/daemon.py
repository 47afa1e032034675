"""The verbs `run` and `once`: assemble the parts and start the service."""

from datetime import UTC, datetime

import click

from oacmail import host, log, service, wiring
from oacmail.cli.common import configured, say, with_config
from oacmail.config import Config
from oacmail.core.errors import ConfigError
from oacmail.engine.engine import TEMPLATES
from oacmail.host import Systemd, replace_file
from oacmail.parse_worker import ParseWorker

_shadow = click.option("--shadow", is_flag=True, help="Decide and record everything; send and move nothing.")


@click.command()
@_shadow
@click.pass_context
def run(ctx: click.Context, shadow: bool) -> None:
    """Run the daemon in the foreground until SIGTERM. SIGHUP reloads configuration and templates."""
    host.keep_one_heap()
    config = configured(ctx)
    log.configure()
    parts = wiring.assemble(config, shadow=shadow, parsing=ParseWorker())
    try:  # a broken template of the town's own is reported before the first citizen writes
        broken = wiring.own_templates(config, wiring.renderer(config, parts.engine.policy))
        for line in broken:
            say(line)
        parts.store.problem(TEMPLATES, bool(broken), parts.engine.now())
    except BaseException:
        parts.close()
        raise
    service.Service(parts, Systemd.from_environment(), lambda: _reload(ctx), _export).run()


def _reload(ctx: click.Context) -> Config:
    """Load the configuration for a reload. A missing file raises ConfigError: the old configuration stays."""
    try:
        return configured(ctx)
    except click.UsageError as error:
        raise ConfigError((error.message,)) from None


@click.command()
@_shadow
@with_config
def once(config: Config, shadow: bool) -> None:
    """Make one full pass: read all watched folders, tick, send what is due, exit."""
    host.keep_one_heap()
    log.configure()
    parts = wiring.assemble(config, shadow=shadow)
    try:
        service.once(parts)
        _export(parts.config)
    finally:
        parts.close()


def _export(config: Config) -> None:
    """Write `monitoring.prometheus_file`, if it is set. Raises OSError."""
    if config.monitoring.prometheus_file is not None:
        from oacmail.cli import status  # few towns have this file

        summary = status.health(config, datetime.now(UTC))
        # readable by all, for node_exporter
        replace_file(config.monitoring.prometheus_file, status.prometheus(summary, config.office.address), 0o644)
