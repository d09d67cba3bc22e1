"""Seeded generators of sites and series; the same seed gives the same bytes."""
