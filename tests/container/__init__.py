"""The image of the Containerfile, built and run without a daemon: `make container` (CONTRIBUTING.md)."""
