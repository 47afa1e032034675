"""`python -m testbed.sim`: run the simulated town; exit 1 with the story if an invariant breaks."""

import logging
import sys
from datetime import datetime

import click

from oacmail import config as settings
from oacmail import log
from oacmail.cli.common import as_json, print_json, safe
from oacmail.core.model import LANGUAGES
from testbed.progress import show_progress
from testbed.sim.run import SimulationResult, shrink_run, simulate_town


@click.command()
@click.option("--days", type=click.IntRange(min=1, max=900), required=True, help="Number of simulated days.")
@click.option("--seed", type=int, required=True, help="The same seed gives the same run.")
@click.option("--language", type=click.Choice(LANGUAGES), default=LANGUAGES[0], help="The first one of the office.")
@as_json
def main(days: int, seed: int, language: str, as_json: bool) -> None:
    """Simulate a town of invented people and faults on the real engine and a real database; send nothing.

    It uses the built-in configuration. A failing run is shrunk to the shortest story found.
    """
    log.configure(level=logging.CRITICAL)
    config = settings.builtin()
    others = (lang for lang in config.office.languages if lang != language)
    config = config.model_copy(update={"office": config.office.model_copy(update={"languages": (language, *others)})})
    outcome = simulate_town(config, days, seed, lambda day, so_far: _day(day, so_far, as_json))
    show_progress("")
    shortest = outcome
    if outcome.broken:
        shortest = shrink_run(config, outcome, lambda trial: show_progress(f"looking for a shorter story: {trial}"))
        show_progress("")
    if as_json:
        print_json([*_lines(shortest), outcome.row()] if shortest.broken else [outcome.row()])
    else:
        _print(outcome, shortest)
    sys.exit(1 if outcome.broken else 0)


def _day(day: datetime, so_far: SimulationResult, as_json: bool) -> None:
    if as_json:
        counts = {"messages": so_far.messages, "acks": so_far.acks, "escalations": so_far.escalations}
        print_json([{"day": day.date().isoformat(), **counts, "faults": so_far.faults}])
    else:
        show_progress(f"{day:%a %d %b %Y}: {so_far.messages} messages, {so_far.faults} faults")


def _lines(shortest: SimulationResult) -> list[dict[str, str]]:
    return [{"at": at.isoformat(), "who": who, "what": what, "so": so} for at, who, what, so in shortest.story]


def _print(outcome: SimulationResult, shortest: SimulationResult) -> None:
    zone = outcome.plan.begins.tzinfo
    click.echo(f"{outcome.plan.days} days from {outcome.plan.begins:%d %b %Y}, seed {outcome.plan.seed}: ", nl=False)
    click.echo(f"{outcome.messages} messages, {outcome.cases} cases, {outcome.acks} acknowledgements, ", nl=False)
    click.echo(f"{outcome.escalations} escalations, {outcome.faults} faults; digest {outcome.digest[:16]}")
    named = ", ".join(f"{what} {count}" for what, count in sorted(outcome.named.items()))
    click.echo(f"the nightly proofs have named: {named or 'nothing'}")
    if not outcome.broken:
        click.echo("every invariant held")
        return
    click.echo("\n".join(safe(line) for line in shortest.broken))
    for at, who, what, so in shortest.story:
        click.echo(f"  {at.astimezone(zone):%a %d %b %H:%M:%S}  {safe(who)} {safe(what)}: {safe(so)}")


if __name__ == "__main__":
    main()
