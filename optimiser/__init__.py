"""Data-centre energy and capacity optimiser: twin, exact model, certified plans."""

__version__ = "0.1.0"

__all__ = ["__version__"]
