"""The verb `certificate`: whether a certificate of erasure is genuine, and whether it is about a person."""

import json
import sys

import click

from oacmail import wiring
from oacmail.cli.common import a_file, configured, say
from oacmail.core.tokens import person_mark
from oacmail.privacy import certificate as sealed
from oacmail.privacy.erasure import person


@click.command()
@click.argument("file", type=str)
@click.argument("address", required=False)
@click.pass_context
def certificate(ctx: click.Context, file: str, address: str | None) -> None:
    """Check FILE (the JSON of a certificate of erasure): this office sealed it, nobody changed it, and, if ADDRESS is
    given, it is about this person. Exit 1 if not."""
    policy = wiring.live_policy(configured(ctx))
    try:
        found = json.loads(a_file(file).read_text("utf-8"))
    except ValueError as error:
        raise click.BadParameter("the file is no JSON: name the .json beside the text") from error
    if not isinstance(found, dict) or not sealed.verify(policy, found):
        say("not sealed by this office, or changed since")
        sys.exit(1)
    if address and found["person"] not in {person_mark(key, person(policy, address)) for key in policy.secrets}:
        say("genuine, but about somebody else")
        sys.exit(1)
    click.echo("genuine")
