"""Placement methods of the field, run beside ours on the same data and judged alike."""
