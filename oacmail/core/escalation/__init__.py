"""What goes beyond the first level or is late: overdue, second level, incidents, follow-ups, digest. Never writes a
text."""
