"""The manual page oacmail(8), made from the verbs and options of the program: `make man`.

It decides only the form. The result lies in systemd/oacmail.8, which a test compares.
"""

from collections.abc import Iterator

import click

from oacmail.cli import oacmail

_HEAD = r""".TH OACMAIL 8
.SH NAME
oacmail \- e-mail help desk of a town hall
.SH SYNOPSIS
.B oacmail
[\fB\-\-town\fR \fINAME\fR] [\fB\-\-config\fR \fIFILE\fR] \fIVERB\fR [\fIOPTION\fR ...]
.SH DESCRIPTION
The installed command runs the program as user
.B oacmail
with the service's configuration and credentials; with \fB\-\-town\fR as user \fBoacmail\-NAME\fR with
/etc/oacmail/NAME.toml.
Everything else is in /opt/oacmail/share/docs/; index.md says what stands where.
.SH VERBS"""
_TAIL = r""".SH EXIT STATUS
0 done; 1 done, and the answer is no; 2 wrong usage, or a named file is missing; 75 temporary; 78 the
configuration is wrong.
\fBstatus \-\-nagios\fR exits with 0, 1, 2 or 3 as a plugin does.
.SH FILES
/etc/oacmail/config.toml, /etc/oacmail/credentials/, /var/lib/oacmail/, /var/backups/oacmail/, /etc/default/oacmail,
/etc/default/oacmail\-upkeep, /opt/oacmail/share/
.SH SEE ALSO
.BR systemctl (1),
.BR journalctl (1)"""


def page() -> str:
    """The page in the language of man(7)."""
    verbs = "\n".join(line for name, verb in _verbs(oacmail) for line in _verb(name, verb))
    return f"{_HEAD}\n{verbs}\n{_TAIL}\n"


def _verbs(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        verb = group.get_command(context, name)
        assert verb is not None
        if isinstance(verb, click.Group):
            yield from _verbs(verb, f"{path}{name} ")
        else:
            yield path + name, verb


def _verb(name: str, verb: click.Command) -> Iterator[str]:
    context = click.Context(verb, info_name=name)
    usage = " ".join(verb.collect_usage_pieces(context)).replace("[OPTIONS] ", "").replace("[OPTIONS]", "")
    yield ".TP"
    yield rf".B {_roff(name)} {_roff(usage)}".rstrip()
    yield from (_roff(" ".join(part.split())) for part in (verb.help or "").split("\n\n"))
    options = [
        record
        for param in verb.params
        if isinstance(param, click.Option) and (record := param.get_help_record(context))
    ]
    for option, text in options:
        yield rf"\fB{_roff(option)}\fR: {_roff(text)}"


def _roff(text: str) -> str:
    """Plain text: hyphens stay hyphens, and no line is taken for a request."""
    shown = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{shown}" if shown.startswith((".", "'")) else shown


if __name__ == "__main__":
    click.echo(page(), nl=False)
