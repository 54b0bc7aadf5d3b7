"""One quantity in four states: at the least, when nobody asks, as expected, at the most."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Amounts:
    """Machines, GiB or nano-dollars."""

    minimum: int
    """Every pool at its minimum: nothing serves that can be away."""
    idle: int
    """Nobody asks: the models' fewest replicas stand ready."""
    expected: int
    """Half way between idle and the most, rounded up to whole machines."""
    maximum: int
    """Every pool full."""

    @staticmethod
    def steady(count: int) -> "Amounts":
        """The same in every state."""
        return Amounts(count, count, count, count)

    @staticmethod
    def between(least: int, idle: int, most: int) -> "Amounts":
        """With the expected one half way between idle and the most, rounded up."""
        return Amounts(least, idle, (idle + most + 1) // 2, most)

    def __add__(self, other: "Amounts") -> "Amounts":
        """State by state."""
        return Amounts(
            self.minimum + other.minimum,
            self.idle + other.idle,
            self.expected + other.expected,
            self.maximum + other.maximum,
        )

    def times(self, factor: int) -> "Amounts":
        """State by state."""
        return Amounts(
            self.minimum * factor,
            self.idle * factor,
            self.expected * factor,
            self.maximum * factor,
        )
