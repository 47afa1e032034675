"""The monthly indicators: rows of a month go in, figures come out (docs/requirements.md section 5)."""
