"""What the engine asks of the outside: one protocol for each adapter. Protocols and values only; no implementation."""
