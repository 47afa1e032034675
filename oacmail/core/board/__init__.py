"""The board: mail folders as the state of cases, in both directions (docs/design.md, "The board")."""
