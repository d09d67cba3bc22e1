"""The disclosure composed: documents and components in, tables, files and snapshots out."""
