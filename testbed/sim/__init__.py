"""The simulated town in one process: a real engine and SQLite file; people, servers, clock and faults are simulated.

`run.simulate_town` simulates a town and reports what broke. Nothing here sleeps, uses a network or reads the real time.
"""
