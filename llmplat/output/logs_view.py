"""How log lines are told as one document."""

from dataclasses import dataclass

from llmplat.domain.substrate import LogLine
from llmplat.output.view import View


@dataclass(frozen=True)
class LogReport:
    """Lines of several services, each service's in order."""

    lines: tuple[LogLine, ...]


VIEW: View[LogReport] = View(
    "Logs",
    lambda report, _theme: [f"{line.service}\t{line.text}" for line in report.lines],
    lambda report: [(line.service, line.text) for line in report.lines],
)
