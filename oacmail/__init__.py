"""oacmail: an e-mail help desk for a town hall; every message a case, every case an answer in time."""

__version__ = "0.1.0"
