"""Measuring, never shipped: `python -m bench.run N` (docs/benchmarks.md), the mail layer alone, fuzzing, training."""
