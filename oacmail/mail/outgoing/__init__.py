"""Turn values into the bytes of an outgoing mail: headers, parts, labels, redacted originals. Nothing here sends."""
