"""The verbs as plain functions: the command line, notebooks and tests call the same ones."""
