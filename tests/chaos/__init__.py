"""Chaos on real servers: the daemon is killed at random while mail arrives; then every mailbox is counted."""
