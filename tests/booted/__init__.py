"""oacmail on a really booted Debian 13: `make booted` (CONTRIBUTING.md). No part of `make test`."""
