"""Meter series: read, checked, and laid onto the hours of a local calendar."""
