"""Bytes to Message: pure functions; third-party parsers of mail live here and nowhere else."""
