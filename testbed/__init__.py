"""Invented towns on the real program, for the demo, the simulation, the tests and the bench; no part of the program.

`python -m testbed.demo` plays one day with real mail servers, `python -m testbed.sim` weeks in one process.
"""
