"""How each benchmark is measured."""
