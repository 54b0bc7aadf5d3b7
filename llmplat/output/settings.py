"""What the user asked of the output, as values."""

from enum import IntEnum, StrEnum


class Format(StrEnum):
    """Who reads the answer."""

    HUMAN = "human"
    PLAIN = "plain"
    JSON = "json"
    SARIF = "sarif"


class Level(IntEnum):
    """How much of the story is told."""

    QUIET = 0
    BRIEF = 1
    VERBOSE = 2
    DEBUG = 3
