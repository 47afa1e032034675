"""Bytes to a decoded message: structure, charsets, headers, dates, addresses, authentication results. Judges
nothing."""
