"""The smallest program that does the job, as the baseline for oacmail: no product, not safe in a crash.

It reads the mailbox two hundred messages at a time, parses them with the standard library (compat32, text and files
decoded), puts each into a case in one SQLite transaction (WAL, synchronous=FULL) and acknowledges new requests
over one kept SMTP connection, all in one thread.

    python -m bench.floor IMAP_PORT SMTP_PORT USER PASSWORD DATABASE
"""

import smtplib
import sqlite3
import sys
from collections.abc import Iterator
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr

from imapclient import IMAPClient

from testbed.people import AGENT, OFFICE

HOST = "127.0.0.1"
BATCH = 200
SCHEMA = """
CREATE TABLE people(id INTEGER PRIMARY KEY, address TEXT UNIQUE);
CREATE TABLE cases(id INTEGER PRIMARY KEY, person INTEGER, subject TEXT);
CREATE TABLE messages(
  id INTEGER PRIMARY KEY, case_id INTEGER, message_id TEXT UNIQUE, uid INTEGER, subject TEXT, body TEXT);
CREATE TABLE outbox(id INTEGER PRIMARY KEY, case_id INTEGER, recipient TEXT);
"""
ACK = """\
From: {office}\r
To: {to}\r
Subject: =?utf-8?q?Hem_rebut_la_vostra_petici=C3=B3?= [OAC-{case}]\r
Message-ID: <ack.{case}@castellbisbal.example>\r
In-Reply-To: {ident}\r
References: {ident}\r
Auto-Submitted: auto-replied\r
MIME-Version: 1.0\r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: 8bit\r
\r
Hem rebut la vostra petició, que té el número OAC-{case}.\r
\r
Ajuntament de Castellbisbal\r
"""


def messages(port: int, user: str, password: str) -> Iterator[tuple[int, bytes]]:
    client = IMAPClient(HOST, port, ssl=False)
    client._imap.debug = 0  # otherwise four fifths of the time go into the repr of fetched data
    client.login(user, password)
    client.select_folder("INBOX", readonly=True)
    uids = client.search("ALL")
    for start in range(0, len(uids), BATCH):
        for uid, data in client.fetch(uids[start : start + BATCH], ["BODY.PEEK[]"]).items():
            yield uid, data[b"BODY[]"]
    client.logout()


def text_of(mail: Message) -> str:
    """The first plain text; attachments are decoded as well, because a product must name them."""
    text = ""
    for part in mail.walk():
        if not part.is_multipart():
            body = part.get_payload(decode=True)
            if part.get_content_type() == "text/plain" and not text:
                assert isinstance(body, bytes)
                text = body.decode(part.get_content_charset("utf-8"), "replace")
    return text


def machine(mail: Message) -> bool:
    automatic = mail.get("Auto-Submitted", "no").lower() != "no"
    return automatic or mail.get("List-Id") is not None or mail.get("Return-Path", "").strip() == "<>"


def store(db: sqlite3.Connection, uid: int, mail: Message, sender: str) -> int:
    """The number of the new case, or 0 for a message of a known case."""
    subject = str(make_header(decode_header(mail.get("Subject", ""))))
    refs = f"{mail.get('References', '')} {mail.get('In-Reply-To', '')}".split()
    db.execute("BEGIN IMMEDIATE")
    known = next(filter(None, (_case_of(db, ref) for ref in reversed(refs))), 0)
    db.execute("INSERT OR IGNORE INTO people(address) VALUES(?)", (sender,))
    case = known or _open(db, sender, subject)
    db.execute(
        "INSERT INTO messages(case_id, message_id, uid, subject, body) VALUES(?,?,?,?,?)",
        (case, mail.get("Message-ID"), uid, subject, text_of(mail)),
    )
    db.execute("COMMIT")
    return 0 if known else case


def _case_of(db: sqlite3.Connection, ref: str) -> int:
    row = db.execute("SELECT case_id FROM messages WHERE message_id = ?", (ref,)).fetchone()
    return int(row[0]) if row else 0


def _open(db: sqlite3.Connection, sender: str, subject: str) -> int:
    (person,) = db.execute("SELECT id FROM people WHERE address = ?", (sender,)).fetchone()
    case = db.execute("INSERT INTO cases(person, subject) VALUES(?,?)", (person, subject)).lastrowid or 0
    db.execute("INSERT INTO outbox(case_id, recipient) VALUES(?,?)", (case, sender))
    return case


def main(imap: str, smtp: str, user: str, password: str, path: str) -> None:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.executescript(SCHEMA)
    relay = smtplib.SMTP(HOST, int(smtp), local_hostname="localhost")
    for uid, raw in messages(int(imap), user, password):
        mail = message_from_bytes(raw)
        sender = parseaddr(mail.get("From", ""))[1]
        if machine(mail):
            continue
        case = store(db, uid, mail, sender)
        if case and sender not in (OFFICE, AGENT):
            ack = ACK.format(office=OFFICE, to=sender, case=case, ident=mail.get("Message-ID"))
            relay.sendmail(OFFICE, [sender], ack.encode(), ["BODY=8BITMIME"])
    relay.quit()


if __name__ == "__main__":
    main(*sys.argv[1:])
