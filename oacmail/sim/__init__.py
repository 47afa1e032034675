"""A town in one process: the real engine on a real SQLite file; people, servers, clock and misfortune are played.

`run.simulated` plays a town and says what broke. Nothing here sleeps, speaks to a network or reads the real time.
"""
