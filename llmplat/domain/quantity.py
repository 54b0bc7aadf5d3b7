"""Quantities as Kubernetes spells them: 1k is 1000, 0.5 is 500m."""

from decimal import Decimal

_SUFFIXES = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    **{sign: Decimal(1000) ** at for at, sign in enumerate("kMGTPE", 1)},
    **{f"{sign}i": Decimal(1024) ** at for at, sign in enumerate("KMGTPE", 1)},
}
"""https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/"""


def parse_quantity(text: str) -> Decimal | None:
    """How much `text` is; None when it is no quantity."""
    number = text.rstrip("numkKMGTPEi")
    factor = _SUFFIXES.get(text[len(number) :], None if number != text else Decimal(1))
    try:
        amount = Decimal(number) * factor if factor is not None else None
    except ArithmeticError:  # no number, or beyond any
        return None
    return amount if amount is not None and amount.is_finite() else None


def is_same_quantity(one: object, other: object) -> bool:
    """Whether both are quantities, and as much."""
    amount = parse_quantity(str(one))
    return amount is not None and amount == parse_quantity(str(other))
