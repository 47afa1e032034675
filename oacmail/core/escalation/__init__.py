"""Cases beyond the first level or overdue: second level, incidents, follow-up, digest. It writes no text."""
