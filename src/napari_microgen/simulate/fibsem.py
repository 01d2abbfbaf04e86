"""Simulated FIB-SEM stacks with exact labels."""

from .imaging import PAPER_LIKE, Optics, image_stack

__all__ = ["PAPER_LIKE", "Optics", "image_stack"]
