"""How the console's address is told."""

from dataclasses import dataclass

from llmplat.output.view import View


@dataclass(frozen=True)
class ConsoleAddress:
    """Where the console answers."""

    url: str


ADDRESS: View[ConsoleAddress] = View(
    "Console", lambda report, _: [report.url], lambda report: [(report.url,)]
)
