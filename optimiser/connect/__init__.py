"""Importers of other tools' formats; they produce schema documents and tables on disk."""
