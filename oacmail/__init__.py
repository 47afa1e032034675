"""oacmail: an e-mail help desk for a town hall; every message becomes a case, every case gets an answer in time."""

__version__ = "0.2.0"
