"""Bytes to Message and back: pure functions; third-party mail parsers live here and nowhere else."""
