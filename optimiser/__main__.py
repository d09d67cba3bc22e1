"""Run the command line as ``python -m optimiser``."""

from optimiser.cli import main

main()
