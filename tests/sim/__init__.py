"""The simulated town is reproducible, no invariant breaks in it, and it finds planted faults."""
