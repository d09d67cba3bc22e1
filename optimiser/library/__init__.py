"""Reads input files and the bundled library; every mistake is located and explained."""
