"""The disclosure: tables that say the same as JSON, CSV, workbook, page and print."""
