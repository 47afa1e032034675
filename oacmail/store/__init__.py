"""The store: one SQLite file that holds cases, deadlines, mails and what was seen where."""
