"""Key performance indicators: arithmetic over components, never over ratios.

Every function here is pure: quantities in, quantities and ratios out, no file is read.
"""
