"""Turn bytes into a decoded message: structure, charsets, headers, dates, addresses, authentication results. Nothing
here interprets what a message means."""
