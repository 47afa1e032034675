"""A day at the desk, with real mail: an embedded mail server, a real `oacmail run`, two dozen invented people.

story.py is the table of who writes what and what must become of it; play.py lets it happen; evidence.py reads the
outcome back; expectations.py judges it; screen.py shows it.
"""
