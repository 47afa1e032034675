"""Values to the bytes of a mail that we send: headers, parts, labels, redacted originals. Sends nothing."""
