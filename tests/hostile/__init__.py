"""Hostile mail: each attack is a test, and docs/security.md has a line for each. All content is invented."""
