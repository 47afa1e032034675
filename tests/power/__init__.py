"""The power goes: what was not synced is missing, torn or out of order on the disk of the machine with the database."""
