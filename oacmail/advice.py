"""What an admin does about each warning and error of the log: one sentence an event, which stands in the line as `do`.

It decides nothing. Events below a warning need nothing.
"""

from collections.abc import Mapping

_NOTHING = "nothing: it is tried again by itself"
_STATUS = "see `oacmail status`"
_REFUSED = "a refused password: write the right one into its file"

ADVICE: Mapping[str, str] = {
    "imap.down": f"{_REFUSED}; nothing if it ends soon; else `oacmail check --online`",
    "imap.still-down": "`oacmail check --online`",
    "smtp.down": f"{_REFUSED}; nothing if it ends soon: mail waits; else `oacmail check --online`",
    "smtp.still-down": "`oacmail check --online`; mail waits",
    "state.down": "look at the disk and at /var/lib/oacmail: space, owner, another program on the database",
    "stop.unrecorded": "nothing: the next start counts it as a crash",
    "reload.refused": "correct the configuration (`oacmail check`), then reload; the old one is in force",
    "reload.unrecorded": "look at the disk, then reload again",
    "loop.died": "systemd restarts the service; report this line",
    "tick.failed": f"{_STATUS}: it names the item, which is tried again every hour; report this line",
    "tick.batch-failed": "nothing: the items are tried one by one; report this line",
    "night.postponed": _NOTHING,
    "folder.new-epoch": "nothing: the folder was restored or renumbered, and is read again",
    "numbers.continued": "the database was lost: stop the service, then restore or rebuild it: `oacmail status`",
    "folder.unread": "check the permissions of the folder: `oacmail check --online`",
    "message.unreadable": "`oacmail quarantine list`",
    "message.failed": "`oacmail quarantine list`; report this line",
    "message.unfiled": "check the permissions of the folder of sent mail: `oacmail check --online`",
    "draft.unwritten": "check the permissions of the folder of drafts: `oacmail check --online`",
    "board.unplaced": "check the permissions of the board's folders: `oacmail check --online`",
    "board.moves-wait": "`oacmail board waiting`, then `oacmail board confirm` or `oacmail board undo`",
    "board.move-failed": "nothing: the message stays where it is; report this line",
    "template.broken": "`oacmail check` says where; the shipped template is used",
    "original.unfit": "nothing: the notice goes without the original; report this line",
    "canary.down": "look for the test mail in the relay's log and in junk: `oacmail check --online`",
    "canary.up": "nothing: a test mail is back",
    "oauth.down": "mail waits: write a new secret into its file, or `oacmail login`; see `oacmail status`",
    "oauth.up": "nothing: there is a token again",
    "oauth.not-renewed": "nothing if it ends soon; else `oacmail login`",
    "problem.degraded": f"{_STATUS}: it says what to do",
    "problem.recovered": "nothing: the problem has ended",
    "reader.gone": "nothing: messages are parsed by the service itself",
    "reader.failed": "nothing: messages are parsed by the service itself",
    "report.in-process": "nothing: the report is computed by the service itself",
    "report.no-charts": "nothing: the report is sent without charts; `reason` says why",
    "rebuild.message-failed": "look at this message in the mailbox; report this line",
    "library": "nothing, unless it comes again and again: report this line",
}
