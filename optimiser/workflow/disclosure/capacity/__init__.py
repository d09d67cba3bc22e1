"""Output 12: the capacity plan of a site (ISO/IEC 20000-1, 8.4.3)."""
