"""The configuration that the towns of tests/booted and tests/container share: open day and night, without holidays, so
that no test waits for a working day. Its addresses are no placeholders, so that `check` finds nothing."""

OFFICE = """town = "Castellbisbal"
calendar = "none"
hours = ["00:00", "24:00"]
complaints_form_url = "https://www.castellbisbal.cat/queixes"
privacy_url = "https://www.castellbisbal.cat/privacitat"
rights_url = "https://www.castellbisbal.cat/drets"
dpo = "dpd@castellbisbal.cat"
"""
OTHERS = """[people]
supervisor = "cap@castellbisbal.cat"
operator = "sistemes@castellbisbal.cat"

[deadline]
day_end = "24:00"

[digest]
to = []
"""
