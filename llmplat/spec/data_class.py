"""How sensitive data is: what a tenant sends, what a model or a service outside may see."""

from typing import Literal

DataClass = Literal["public", "internal", "confidential"]

DATA_CLASSES: tuple[DataClass, ...] = ("public", "internal", "confidential")
"""Least sensitive first."""
