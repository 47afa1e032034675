"""A day at the office with real mail: an embedded mail server, a real `oacmail run`, two dozen invented people.

story.py lists who writes what and the expected outcome; run.py runs it; evidence.py reads the outcome back;
expectations.py checks it; screen.py prints it.
"""
