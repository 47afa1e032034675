"""The schema of the one SQLite file, as an append-only list of steps. A step that has shipped is never changed.

`oacmail migrate` applies them, and so does `sqlite-utils migrate state/oacmail.db migrations/migrations.py`.
Times are UTC text `YYYY-MM-DDTHH:MM:SSZ`, so that they sort; tables are STRICT.
"""

import re

from sqlite_utils import Database, Migrations

migrations = Migrations("oacmail")

_FIRST = """
CREATE TABLE people(
  id INTEGER PRIMARY KEY, address TEXT NOT NULL UNIQUE, name TEXT NOT NULL DEFAULT '', lang TEXT,
  known INTEGER NOT NULL DEFAULT 0) STRICT;

CREATE TABLE originals(sha256 TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;

CREATE TABLE cases(
  id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, opened_by TEXT NOT NULL UNIQUE,
  citizen_id INTEGER NOT NULL REFERENCES people(id), parent TEXT,
  status TEXT NOT NULL CHECK(status IN('open','derived','waiting','answered','closed')),
  kind TEXT NOT NULL, topic TEXT NOT NULL, level TEXT NOT NULL, intent TEXT NOT NULL, lang TEXT NOT NULL,
  phone TEXT, slot TEXT, assignee TEXT, subject TEXT NOT NULL, subject_key TEXT NOT NULL,
  opened_at TEXT NOT NULL, touched_at TEXT NOT NULL, answered_at TEXT, closed_at TEXT, close_reason TEXT,
  score INTEGER CHECK(score BETWEEN 1 AND 5),
  operator TEXT NOT NULL DEFAULT '', platform TEXT NOT NULL DEFAULT '', cause TEXT NOT NULL DEFAULT '',
  urgent INTEGER NOT NULL DEFAULT 0, ends_on TEXT, incident TEXT) STRICT;
CREATE INDEX cases_live ON cases(touched_at) WHERE status <> 'closed';
CREATE INDEX cases_of_citizen ON cases(citizen_id, touched_at);
CREATE INDEX cases_second ON cases(operator, opened_at) WHERE level = 'second';

CREATE TABLE messages(
  id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE, message_id TEXT NOT NULL,
  case_id INTEGER REFERENCES cases(id), author_id INTEGER NOT NULL REFERENCES people(id),
  role TEXT NOT NULL, outcome TEXT NOT NULL, kind TEXT NOT NULL, guest INTEGER NOT NULL DEFAULT 0,
  rule TEXT NOT NULL, because TEXT NOT NULL CHECK(json_valid(because)),
  subject TEXT NOT NULL, subject_key TEXT NOT NULL, sent_at TEXT, received_at TEXT NOT NULL, lang TEXT NOT NULL,
  fresh TEXT NOT NULL, body_hash TEXT NOT NULL, reply_to TEXT NOT NULL DEFAULT '', original TEXT, rung TEXT NOT NULL,
  folder TEXT NOT NULL, attachments TEXT NOT NULL DEFAULT '[]' CHECK(json_valid(attachments))) STRICT;
-- a forged or re-used id must not hide a real letter: not unique
CREATE INDEX messages_by_message_id ON messages(message_id);
CREATE INDEX messages_by_case ON messages(case_id, received_at);
CREATE INDEX messages_by_author ON messages(author_id, received_at);

CREATE TABLE refs(
  ref TEXT NOT NULL, message_id INTEGER NOT NULL REFERENCES messages(id), PRIMARY KEY(ref, message_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE reviews(
  fingerprint TEXT PRIMARY KEY, reason TEXT NOT NULL, at TEXT NOT NULL, done_at TEXT) STRICT, WITHOUT ROWID;
CREATE INDEX reviews_waiting ON reviews(at) WHERE done_at IS NULL;

CREATE TABLE folders(
  name TEXT PRIMARY KEY, role TEXT NOT NULL, uidvalidity INTEGER NOT NULL, uidnext INTEGER NOT NULL,
  started_at TEXT NOT NULL, synced_at TEXT NOT NULL, compared_at TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE sightings(
  folder TEXT NOT NULL, uidvalidity INTEGER NOT NULL, uid INTEGER NOT NULL, size INTEGER NOT NULL,
  internal_date TEXT NOT NULL, first_seen TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
  in_flight INTEGER NOT NULL DEFAULT 0,
  outcome TEXT CHECK(outcome IN(
    'case','automatic','ours','staff','spam','duplicate','quarantined','baseline','gone')),
  error TEXT, fingerprint TEXT, wanted TEXT, PRIMARY KEY(folder, uidvalidity, uid)) STRICT, WITHOUT ROWID;
CREATE INDEX sightings_open ON sightings(folder, uid) WHERE outcome IS NULL;
CREATE INDEX sightings_unread ON sightings(folder, uid) WHERE outcome = 'quarantined' AND fingerprint IS NULL;
CREATE INDEX sightings_staff ON sightings(fingerprint) WHERE outcome = 'staff';
CREATE INDEX sightings_to_file ON sightings(folder, uid) WHERE wanted IS NOT NULL;

CREATE TABLE deadlines(
  armed_by TEXT NOT NULL, kind TEXT NOT NULL CHECK(kind IN(
    'answer','callback','rights','nudge','update','survey','wait','close','remind')),
  level INTEGER NOT NULL DEFAULT 0, case_id INTEGER NOT NULL REFERENCES cases(id), armed_at TEXT NOT NULL,
  due_at TEXT NOT NULL, met_at TEXT, fired_at TEXT, void_at TEXT, PRIMARY KEY(armed_by, kind, level)
) STRICT, WITHOUT ROWID;
CREATE INDEX deadlines_live ON deadlines(due_at) WHERE met_at IS NULL AND fired_at IS NULL AND void_at IS NULL;
CREATE INDEX deadlines_by_case ON deadlines(case_id);

CREATE TABLE outbox(
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, message_id TEXT NOT NULL UNIQUE, alias TEXT,
  case_id INTEGER REFERENCES cases(id), kind TEXT NOT NULL, recipient TEXT NOT NULL, domain TEXT NOT NULL,
  mime BLOB NOT NULL, bare BLOB, bare_id TEXT, length INTEGER NOT NULL,
  state TEXT NOT NULL CHECK(state IN(
    'queued','claimed','sending','uncertain','sent','failed','held','dropped','shadow')),
  budget TEXT NOT NULL DEFAULT '', released_at TEXT,
  copy_expected INTEGER NOT NULL DEFAULT 0, copied_at TEXT, attempts INTEGER NOT NULL DEFAULT 0,
  tries INTEGER NOT NULL DEFAULT 0, next_at TEXT, data_at TEXT, sent_at TEXT, last_error TEXT,
  created_at TEXT NOT NULL, refused_at TEXT) STRICT;
-- a query uses it only if it repeats this very condition (https://sqlite.org/partialindex.html, section 3)
CREATE INDEX outbox_live ON outbox(state, next_at) WHERE state IN('queued','claimed','sending','uncertain');
CREATE INDEX outbox_alias ON outbox(alias) WHERE alias IS NOT NULL;
CREATE INDEX outbox_by_case ON outbox(case_id);
CREATE INDEX outbox_budget ON outbox(released_at, recipient) WHERE kind = 'ack';
CREATE INDEX outbox_budget_of ON outbox(recipient, released_at) WHERE kind = 'ack';
CREATE INDEX outbox_handed_over ON outbox(data_at) WHERE data_at IS NOT NULL;
CREATE INDEX outbox_copied ON outbox(copied_at) WHERE copied_at IS NOT NULL;
-- many refusals in a row are the relay's own fault, not the recipients'
CREATE INDEX outbox_refused ON outbox(refused_at) WHERE refused_at IS NOT NULL;

CREATE TABLE events(
  id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, case_id INTEGER REFERENCES cases(id), fingerprint TEXT,
  kind TEXT NOT NULL, data TEXT NOT NULL DEFAULT '{}' CHECK(json_valid(data))) STRICT;
CREATE INDEX events_by_case ON events(case_id, id);
CREATE TRIGGER events_no_update BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT,'append-only'); END;
CREATE TRIGGER events_no_delete BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT,'append-only'); END;

CREATE TABLE kv(key TEXT PRIMARY KEY, value TEXT NOT NULL, at TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- what people may look at with any SQLite tool
CREATE VIEW open_cases AS
SELECT c.number, c.status, c.topic, c.level, c.assignee, c.opened_at,
  (SELECT min(d.due_at) FROM deadlines d WHERE d.case_id = c.id AND d.kind = 'answer' AND d.level = 0
     AND d.met_at IS NULL AND d.void_at IS NULL) AS due_at
FROM cases c WHERE c.status <> 'closed' ORDER BY due_at;
"""


@migrations()
def m0001_first_schema(db: Database) -> None:
    """People, originals, cases, messages, places, deadlines, outbox, diary."""
    # executescript would commit the transaction that this step and its record share
    for statement in _statements(_FIRST):
        db.execute(statement)


# A mail's bytes beside its row: each change of its state would write them again.
_MAILS = """
CREATE TABLE mails(id INTEGER PRIMARY KEY REFERENCES outbox(id), mime BLOB NOT NULL, bare BLOB) STRICT;
INSERT INTO mails(id, mime, bare) SELECT id, mime, bare FROM outbox;
ALTER TABLE outbox DROP COLUMN mime;
ALTER TABLE outbox DROP COLUMN bare;
"""


@migrations()
def m0002_mails_beside_the_outbox(db: Database) -> None:
    """The bytes of mails get a table of their own."""
    for statement in _statements(_MAILS):
        db.execute(statement)


@migrations()
def m0003_spaced_tries(db: Database) -> None:
    """A message that the server does not give out is tried again at a later moment."""
    db.execute("ALTER TABLE sightings ADD COLUMN retry_at TEXT")


# What the budgets count. A query uses such an index only if it repeats its condition.
_BUDGETS = """
DROP INDEX outbox_budget;
DROP INDEX outbox_budget_of;
CREATE INDEX outbox_budget ON outbox(released_at, recipient) WHERE kind IN ('ack', 'warned');
CREATE INDEX outbox_budget_of ON outbox(recipient, released_at) WHERE kind IN ('ack', 'warned');
CREATE INDEX outbox_notices ON outbox(created_at) WHERE budget = 'notice' AND released_at IS NOT NULL;
"""


@migrations()
def m0004_budgets_of_warnings_and_notices(db: Database) -> None:
    """Warnings count as acknowledgements do; notices to staff have budgets."""
    for statement in _statements(_BUDGETS):
        db.execute(statement)


_TICK_FAILURES = """
CREATE TABLE tick_failures(item TEXT PRIMARY KEY, "case" TEXT, since TEXT NOT NULL, retry_at TEXT NOT NULL,
  error TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""


@migrations()
def m0005_tick_failures(db: Database) -> None:
    """What a tick could not work, with the moment of the next try."""
    for statement in _statements(_TICK_FAILURES):
        db.execute(statement)


_IDENTITIES = """
ALTER TABLE sightings ADD COLUMN identity TEXT;
CREATE INDEX sightings_baseline ON sightings(identity) WHERE outcome = 'baseline';
CREATE INDEX sightings_baseline_places ON sightings(size, internal_date) WHERE outcome = 'baseline';
"""


@migrations()
def m0006_identities_of_the_baseline(db: Database) -> None:
    """What lay in the mailbox at the first look is recognised after a move to another provider."""
    for statement in _statements(_IDENTITIES):
        db.execute(statement)


_BOARD = """
CREATE TABLE board_places(
  folder TEXT NOT NULL, uidvalidity INTEGER NOT NULL, uid INTEGER NOT NULL, fingerprint TEXT NOT NULL,
  internal_date TEXT NOT NULL, passes INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(folder, uidvalidity, uid)) STRICT, WITHOUT ROWID;
CREATE INDEX board_places_of ON board_places(fingerprint);
CREATE TABLE board_messages(
  fingerprint TEXT PRIMARY KEY, folder TEXT NOT NULL, uidvalidity INTEGER NOT NULL, uid INTEGER NOT NULL,
  internal_date TEXT NOT NULL, target TEXT, ours INTEGER NOT NULL DEFAULT 0, missing INTEGER NOT NULL DEFAULT 0,
  flagged INTEGER NOT NULL DEFAULT 0, unsettled INTEGER NOT NULL DEFAULT 1,
  word TEXT CHECK(word IN('waits','carry out','undo'))) STRICT, WITHOUT ROWID;
CREATE INDEX board_unsettled ON board_messages(fingerprint) WHERE unsettled;
ALTER TABLE cases ADD COLUMN board_folder TEXT;
"""


@migrations()
def m0007_board(db: Database) -> None:
    """Where each message of the board is now, and where it was last put."""
    for statement in _statements(_BOARD):
        db.execute(statement)


_OUTCOMES = """
ALTER TABLE cases ADD COLUMN solved_at TEXT;
ALTER TABLE cases ADD COLUMN told_at TEXT;
ALTER TABLE cases ADD COLUMN expected_on TEXT;
"""


@migrations()
def m0008_outcomes_of_derived_cases(db: Database) -> None:
    """When a derived case was said to be solved, when an agent told its citizen that it is with the technical
    services, and the day by which these expect to solve it."""
    for statement in _statements(_OUTCOMES):
        db.execute(statement)


_REPORTS = """
CREATE TABLE reports(
  month TEXT PRIMARY KEY, published_at TEXT NOT NULL, figures TEXT NOT NULL CHECK(json_valid(figures))
) STRICT, WITHOUT ROWID;
CREATE TRIGGER reports_no_update BEFORE UPDATE ON reports BEGIN SELECT RAISE(ABORT,'published'); END;
CREATE TRIGGER reports_no_delete BEFORE DELETE ON reports BEGIN SELECT RAISE(ABORT,'published'); END;
CREATE TABLE report_corrections(
  month TEXT NOT NULL REFERENCES reports(month), indicator TEXT NOT NULL, measure TEXT NOT NULL, at TEXT NOT NULL,
  old REAL, new REAL, why TEXT NOT NULL, PRIMARY KEY(month, indicator, measure, at)) STRICT, WITHOUT ROWID;
-- a query uses it only if it repeats this very condition
CREATE INDEX deadlines_answers ON deadlines(due_at, met_at, void_at, case_id) WHERE kind = 'answer' AND level = 0;
CREATE INDEX events_at ON events(at);
CREATE INDEX events_escalated ON events(case_id, at) WHERE kind = 'escalated';
"""


@migrations()
def m0009_reports(db: Database) -> None:
    """The figures of each month as they were published, what is corrected since, and the indexes that they need."""
    for statement in _statements(_REPORTS):
        db.execute(statement)


_ERASURE = """
CREATE TABLE notes(event_id INTEGER PRIMARY KEY REFERENCES events(id), case_id INTEGER REFERENCES cases(id),
  text TEXT NOT NULL) STRICT;
CREATE INDEX notes_by_case ON notes(case_id);
INSERT INTO notes(event_id, case_id, text) SELECT id, case_id, json_extract(data, '$.text') FROM events
  WHERE kind = 'note' AND json_extract(data, '$.text') IS NOT NULL;
DROP TRIGGER events_no_update;
UPDATE events SET data = json_remove(data, '$.text') WHERE kind = 'note';
UPDATE events SET data = '{}' WHERE kind = 'imported';
CREATE TRIGGER events_no_update BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT,'append-only'); END;
CREATE TABLE forgotten(person TEXT NOT NULL, at TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY(person, at)
  ) STRICT, WITHOUT ROWID;
ALTER TABLE cases ADD COLUMN erased_at TEXT;
ALTER TABLE messages ADD COLUMN erased_at TEXT;
ALTER TABLE outbox ADD COLUMN erased_at TEXT;
CREATE INDEX originals_in_use ON messages(original) WHERE original IS NOT NULL;
"""


@migrations()
def m0010_erasure(db: Database) -> None:
    """What agents noted moves out of the event log, so that it can be erased; what was erased is marked, and who was
    forgotten is kept as a keyed hash, so that a restored backup is erased again."""
    for statement in _statements(_ERASURE):
        db.execute(statement)


_DRAFTS = """
CREATE TABLE drafts(
  key TEXT PRIMARY KEY, message_id TEXT NOT NULL UNIQUE,
  case_id INTEGER NOT NULL REFERENCES cases(id) ON DELETE CASCADE,
  mime BLOB, created_at TEXT NOT NULL, settled_at TEXT) STRICT, WITHOUT ROWID;
CREATE INDEX drafts_waiting ON drafts(created_at) WHERE mime IS NOT NULL;
CREATE INDEX drafts_by_case ON drafts(case_id);
"""


@migrations()
def m0011_drafts(db: Database) -> None:
    """Suggested answers on their way into the folder of drafts; the bytes of each until it is there."""
    for statement in _statements(_DRAFTS):
        db.execute(statement)


_VOTES = """
CREATE TABLE votes(
  id INTEGER PRIMARY KEY, message TEXT NOT NULL UNIQUE, case_id INTEGER NOT NULL REFERENCES cases(id),
  score INTEGER NOT NULL CHECK(score BETWEEN 1 AND 5), signed INTEGER NOT NULL, at TEXT NOT NULL) STRICT;
CREATE INDEX votes_at ON votes(at);
CREATE INDEX votes_by_case ON votes(case_id, at);
CREATE INDEX outbox_surveys ON outbox(recipient) WHERE kind = 'survey';
"""


@migrations()
def m0012_votes(db: Database) -> None:
    """What citizens answered to a survey: all that they said, of which the last counts."""
    for statement in _statements(_VOTES):
        db.execute(statement)


_LIVE_BOARD = """
-- what a pass over the board reads of: live and lately closed cases, and messages on the move
CREATE INDEX deadlines_running ON deadlines(case_id, due_at)
  WHERE kind = 'answer' AND level = 0 AND met_at IS NULL AND void_at IS NULL;
CREATE INDEX cases_closed ON cases(closed_at) WHERE status = 'closed';
CREATE INDEX reviews_done ON reviews(done_at) WHERE done_at IS NOT NULL;
CREATE INDEX board_flagged ON board_messages(fingerprint) WHERE flagged;
CREATE INDEX board_places_new ON board_places(passes) WHERE passes BETWEEN 0 AND 1;
"""


@migrations()
def m0013_live_board(db: Database) -> None:
    """Indexes by which a pass over the board costs what the live cases cost, however many are closed."""
    for statement in _statements(_LIVE_BOARD):
        db.execute(statement)


@migrations()
def m0014_refs_by_message(db: Database) -> None:
    """An index by which an erasure finds what one message refers to: it read the references of all."""
    db.execute("CREATE INDEX refs_by_message ON refs(message_id)")


@migrations()
def m0015_kv_reserved(db: Database) -> None:
    """An index by which a new case finds its imported acknowledgement: each read all that had been imported."""
    db.execute("CREATE INDEX kv_reserved ON kv(value) WHERE key GLOB 'reserved:*'")


_MAILBOXES = """
ALTER TABLE outbox ADD COLUMN mailbox TEXT NOT NULL DEFAULT '';
UPDATE outbox SET mailbox = recipient WHERE kind IN ('ack', 'warned') AND domain <> 'invalid';
DROP INDEX outbox_budget_of;
CREATE INDEX outbox_budget_of ON outbox(mailbox, released_at) WHERE kind IN ('ack', 'warned');
"""


@migrations()
def m0016_mailboxes(db: Database) -> None:
    """Acknowledgements count by mailbox: an address with a tag is no other (core/rate_limits.py)."""
    for statement in _statements(_MAILBOXES):
        db.execute(statement)


@migrations()
def m0017_junk_read_anew(db: Database) -> None:
    """The junk folder is read from where the last pass left it. Of what lay there before, only our own mail was read;
    the rest becomes its past. What came since, while the service stood still, is new."""
    db.execute("UPDATE folders SET started_at = synced_at, synced_at = '' WHERE role = 'junk' AND synced_at <> ''")


@migrations()
def m0018_ends_hour(db: Database) -> None:
    """The hour at which a person's own term ends, where they name one."""
    db.execute("ALTER TABLE cases ADD COLUMN ends_hour TEXT")


@migrations()
def m0019_call_hours(db: Database) -> None:
    """The hours of the slot at which a person wishes to be called, where they name some."""
    db.execute("ALTER TABLE cases ADD COLUMN call_hours TEXT NOT NULL DEFAULT ''")


@migrations()
def m0020_digest_indexes(db: Database) -> None:
    """Indexes by which a digest and the review list read neither every message nor every mail."""
    db.execute("CREATE INDEX messages_in_junk ON messages(received_at) WHERE rule = 'in-junk'")
    db.execute("CREATE INDEX outbox_digests ON outbox(created_at) WHERE kind = 'digest'")


@migrations()
def m0021_domains(db: Database) -> None:
    """An index by which what waits for its turn knows the domains of which somebody was answered."""
    db.execute(
        """CREATE INDEX outbox_of_domain ON outbox(domain, released_at)
        WHERE kind IN ('ack', 'warned') AND released_at IS NOT NULL"""
    )


_FIELD_WORDS = """
ALTER TABLE deadlines RENAME COLUMN armed_by TO started_by;
ALTER TABLE deadlines RENAME COLUMN armed_at TO started_at;
ALTER TABLE deadlines RENAME COLUMN void_at TO withdrawn_at;
UPDATE kv SET key = 'crashes' WHERE key = 'deaths';
UPDATE kv SET key = 'drilled' WHERE key = 'drill';
UPDATE kv SET key = 'oauth-reported' WHERE key = 'oauth-told';
UPDATE kv SET key = 'acknowledged:' || substr(key, 6) WHERE key GLOB 'told:*';
UPDATE kv SET key = 'unplaced:' || substr(key, 7) WHERE key GLOB 'which:*';
UPDATE kv SET key = 'forwarded-by:' || substr(key, 8) WHERE key GLOB 'writer:*';
UPDATE kv SET key = 'forwarded-to:' || substr(key, 7) WHERE key GLOB 'asked:*';
UPDATE kv SET key = 'used-token:' || substr(key, 8) WHERE key GLOB 'button:*';
"""


@migrations()
def m0022_words_of_the_field(db: Database) -> None:
    """Deadlines and stored values are called as the program calls them."""
    for statement in _statements(_FIELD_WORDS):
        db.execute(statement)


_LISTED = (
    ("cases", "status"),
    ("sightings", "outcome"),
    ("deadlines", "kind"),
    ("outbox", "state"),
    ("board_messages", "word"),
)


@migrations()
def m0023_words_without_lists(db: Database) -> None:
    """The program alone lists statuses, outcomes and kinds of deadlines, so that a new one needs no step. A check goes
    by a new text of its table, as https://sqlite.org/lang_altertable.html (section 7) describes; the rows stay."""
    db.execute("PRAGMA writable_schema=ON")
    for table, column in _LISTED:
        ((text,),) = db.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchall()
        without = re.sub(rf" CHECK\({column} IN\([^)]*\)\)", "", text)
        db.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (without, table))
    version = db.execute("PRAGMA schema_version").fetchone()[0]
    db.execute(f"PRAGMA schema_version={version + 1}")
    db.execute("PRAGMA writable_schema=RESET")


_LEDGER = """
CREATE TABLE ledger(
  seq INTEGER PRIMARY KEY, "table" TEXT NOT NULL, row TEXT NOT NULL, image TEXT, mac BLOB NOT NULL,
  at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ'))) STRICT;
CREATE TABLE ledger_rows(
  "table" TEXT NOT NULL, row TEXT NOT NULL, image TEXT NOT NULL, PRIMARY KEY("table", row)) STRICT, WITHOUT ROWID;
CREATE TABLE ledger_snapshot(
  seq INTEGER NOT NULL, chained BLOB NOT NULL, schema TEXT NOT NULL, signed TEXT NOT NULL, mac BLOB NOT NULL) STRICT;
"""


@migrations()
def m0024_ledger(db: Database) -> None:
    """A signed record of each change of a row on which a promise depends (oacmail/store/ledger.py)."""
    for statement in _statements(_LEDGER):
        db.execute(statement)


@migrations()
def m0025_no_urgent_column(db: Database) -> None:
    """Whether a case is urgent follows from the day that it names; nothing has written or read the column."""
    db.execute("ALTER TABLE cases DROP COLUMN urgent")


@migrations()
def m0026_ledger_by_row(db: Database) -> None:
    """What the ledger says of a row is asked with each change of the row."""
    db.execute('CREATE INDEX ledger_by_row ON ledger("table", row)')


@migrations()
def m0027_nothing_unread(db: Database) -> None:
    """Nothing reads when an entry of the ledger was made, and its signature does not cover it; nor is the time of a
    rebuild read, which the event `rebuilt` has too."""
    db.execute("ALTER TABLE ledger DROP COLUMN at")
    db.execute("DELETE FROM kv WHERE key = 'rebuilt_at'")


_LIVE_AND_LATE = """
-- a query uses it only if it repeats this very condition
CREATE INDEX outbox_unsent ON outbox(state) WHERE state <> 'sent';
CREATE INDEX deadlines_met ON deadlines(met_at) WHERE kind = 'answer' AND level = 0 AND met_at IS NOT NULL;
CREATE INDEX deadlines_withdrawn ON deadlines(withdrawn_at)
  WHERE kind = 'answer' AND level = 0 AND withdrawn_at IS NOT NULL;
CREATE INDEX events_corrected ON events(id) WHERE kind IN ('corrected', 'confirmed');
CREATE INDEX cases_kept ON cases(closed_at) WHERE status = 'closed' AND erased_at IS NULL;
CREATE INDEX mails_kept ON mails(id) WHERE length(mime) > 0;
CREATE INDEX outbox_created ON outbox(created_at);
CREATE INDEX outbox_surveys_sent ON outbox(sent_at) WHERE kind = 'survey' AND sent_at IS NOT NULL;
DROP INDEX sightings_staff;
CREATE INDEX sightings_of ON sightings(fingerprint) WHERE fingerprint IS NOT NULL;
CREATE INDEX sightings_failed ON sightings(fingerprint) WHERE outcome = 'quarantined' AND error IS NOT NULL;
"""


@migrations()
def m0028_what_is_live(db: Database) -> None:
    """Indexes by which a pass, status, digest, report, `learn` and purge read what is live, lately answered, corrected
    or still kept, of however many years."""
    for statement in _statements(_LIVE_AND_LATE):
        db.execute(statement)


_OF_STAFF = """
DROP INDEX outbox_surveys;
CREATE INDEX outbox_to ON outbox(recipient);
CREATE INDEX messages_of_staff ON messages(received_at) WHERE outcome = 'staff';
"""


@migrations()
def m0029_mail_of_staff(db: Database) -> None:
    """Indexes by which an answer that goes on to its person reads the latest mail to and from staff only."""
    for statement in _statements(_OF_STAFF):
        db.execute(statement)


_QUEUED_UNTIL_SENDING = """
UPDATE outbox SET attempts = max(attempts - 1, 0) WHERE state IN ('claimed', 'sending');
UPDATE outbox SET state = 'queued' WHERE state = 'claimed';
DROP INDEX outbox_live;
DROP INDEX outbox_unsent;
CREATE INDEX outbox_unsent ON outbox(state, next_at) WHERE state <> 'sent';
"""


@migrations()
def m0030_queued_until_sending(db: Database) -> None:
    """A mail is queued until the relay wants its bytes: that somebody was about to hand it over was one more commit,
    entry of the ledger and change of two indexes for each mail. A try counts when its result is written."""
    for statement in _statements(_QUEUED_UNTIL_SENDING):
        db.execute(statement)


_NUMBERED_DEADLINES = """
CREATE TABLE numbered(
  id INTEGER PRIMARY KEY, started_by TEXT NOT NULL, kind TEXT NOT NULL, level INTEGER NOT NULL DEFAULT 0,
  case_id INTEGER NOT NULL REFERENCES cases(id), started_at TEXT NOT NULL, due_at TEXT NOT NULL, met_at TEXT,
  fired_at TEXT, withdrawn_at TEXT, UNIQUE(started_by, kind, level)) STRICT;
INSERT INTO numbered(started_by, kind, level, case_id, started_at, due_at, met_at, fired_at, withdrawn_at)
  SELECT started_by, kind, level, case_id, started_at, due_at, met_at, fired_at, withdrawn_at FROM deadlines
  ORDER BY started_at, started_by, kind, level;
DROP VIEW open_cases;
DROP TABLE deadlines;
ALTER TABLE numbered RENAME TO deadlines;
CREATE INDEX deadlines_live ON deadlines(due_at) WHERE met_at IS NULL AND fired_at IS NULL AND withdrawn_at IS NULL;
CREATE INDEX deadlines_by_case ON deadlines(case_id);
CREATE INDEX deadlines_answers ON deadlines(due_at, met_at, withdrawn_at, case_id) WHERE kind = 'answer' AND level = 0;
CREATE INDEX deadlines_running ON deadlines(case_id, due_at)
  WHERE kind = 'answer' AND level = 0 AND met_at IS NULL AND withdrawn_at IS NULL;
CREATE INDEX deadlines_met ON deadlines(met_at) WHERE kind = 'answer' AND level = 0 AND met_at IS NOT NULL;
CREATE INDEX deadlines_withdrawn ON deadlines(withdrawn_at)
  WHERE kind = 'answer' AND level = 0 AND withdrawn_at IS NOT NULL;
CREATE VIEW open_cases AS
SELECT c.number, c.status, c.topic, c.level, c.assignee, c.opened_at,
  (SELECT min(d.due_at) FROM deadlines d WHERE d.case_id = c.id AND d.kind = 'answer' AND d.level = 0
     AND d.met_at IS NULL AND d.withdrawn_at IS NULL) AS due_at
FROM cases c WHERE c.status <> 'closed' ORDER BY due_at;
DROP INDEX outbox_budget;
CREATE INDEX outbox_unverified ON outbox(released_at) WHERE budget = 'unverified';
"""


@migrations()
def m0031_numbered_deadlines(db: Database) -> None:
    """Indexes and ledger name a deadline by a number, not by the fingerprint of its message: what is written about new
    deadlines lies side by side. Of the limits only that of unverified mail counts by time alone."""
    for statement in _statements(_NUMBERED_DEADLINES):
        db.execute(statement)


@migrations()
def m0032_refused_lately(db: Database) -> None:
    """Each tick asks which mail of the last days was refused, and read all mail of these days."""
    db.execute(
        """CREATE INDEX outbox_failed ON outbox(max(coalesce(data_at, ''), coalesce(refused_at, '')))
        WHERE state = 'failed'"""
    )


@migrations()
def m0033_calls_to_come(db: Database) -> None:
    """Each tick asks which agreed calls are still to come."""
    db.execute("CREATE INDEX events_calls ON events(json_extract(data, '$.ends')) WHERE kind = 'call-told'")


@migrations()
def m0034_ledger_of_changes(db: Database) -> None:
    """An entry of the ledger has the columns that have changed: nothing asks what it said of the row before."""
    db.execute("DROP INDEX ledger_by_row")


@migrations()
def m0035_originals_by_time(db: Database) -> None:
    """The key of a message's bytes begins with its time: by checksum each changed two pages anywhere in two indexes.
    Those of before keep theirs, as does what could not be processed."""
    db.execute("ALTER TABLE originals RENAME COLUMN sha256 TO key")


@migrations()
def m0036_sealed_mails(db: Database) -> None:
    """What a hand has changed of a mail that waits is not sent."""
    db.execute("ALTER TABLE mails ADD COLUMN seal TEXT")


def _statements(script: str) -> list[str]:
    """Split at the ends of lines; a trigger's inner semicolons stand inside a line."""
    return [part for part in script.split(";\n") if part.strip()]
