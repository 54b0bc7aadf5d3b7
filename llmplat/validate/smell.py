"""What a check says about one object, before it has a line and a column."""

from dataclasses import dataclass

from llmplat.validate.faults import Path
from llmplat.validate.objects import Object


@dataclass(frozen=True)
class Smell:
    """Something that the API server takes and that a platform must not have."""

    object: Object
    path: Path
    what: str
    fix: str
    is_mild: bool = False
    """A warning where the check as a whole refuses."""
