"""Benchmarks of dc-optimiser: frozen specs, peers, and the results of every release."""
