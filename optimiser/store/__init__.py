"""Run folders: written whole or not at all, read back and checked against their manifest."""
