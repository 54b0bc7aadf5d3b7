"""The verbs by name: their panel and one-line help, known without importing any of them."""

from dataclasses import dataclass
from enum import StrEnum


class Panel(StrEnum):
    """The headings of the help page."""

    DESIGN = "Design"
    RUN = "Run"
    MODELS = "Models"
    HELP = "Help"


@dataclass(frozen=True)
class Verb:
    """One command; its module is `llmplat.cli.commands.<name>`."""

    name: str
    panel: Panel
    help: str


VERBS: tuple[Verb, ...] = (
    Verb("init", Panel.DESIGN, "Write a short, commented platform file."),
    Verb("plan", Panel.DESIGN, "Show what the platform file leads to."),
    Verb("validate", Panel.DESIGN, "Check the platform file, or any manifests."),
    Verb("render", Panel.DESIGN, "Render the manifests of a platform on a cluster."),
    Verb("diff", Panel.DESIGN, "Show what applying would change."),
    Verb("lock", Panel.DESIGN, "Pin what planning must know of the world."),
    Verb("mirror", Panel.DESIGN, "List, copy and check what a platform fetches."),
    Verb("schema", Panel.DESIGN, "Print the JSON Schema of a file."),
    Verb("up", Panel.RUN, "Start the platform and prove it answers."),
    Verb("status", Panel.RUN, "Show what runs, waits, fails and spends."),
    Verb("cost", Panel.RUN, "Show what was spent, on what, and what lay idle."),
    Verb("keys", Panel.RUN, "Create, list, rotate, revoke and approve tenant keys."),
    Verb("console", Panel.RUN, "Serve the page of models, spend and keys."),
    Verb("secrets", Panel.RUN, "List, seed and rotate secrets of a cluster."),
    Verb("chat", Panel.RUN, "Talk to a model through the gateway."),
    Verb("logs", Panel.RUN, "Show the logs of the running parts."),
    Verb("verify", Panel.RUN, "Prove the controls on the running platform."),
    Verb("pause", Panel.RUN, "Let GPUs rest: engines to zero, queues held."),
    Verb("resume", Panel.RUN, "End a pause: every figure back as it was."),
    Verb("down", Panel.RUN, "Stop what llmplat started."),
    Verb("gpu-fit", Panel.MODELS, "Tell whether a model fits a GPU, and what to change."),
    Verb("package-model", Panel.MODELS, "Package a model as an image and print its digest."),
    Verb("model", Panel.MODELS, "Look at, check and pull a packaged model."),
    Verb("doctor", Panel.HELP, "Check this machine, each gap with its fix."),
    Verb("doors", Panel.HELP, "Show what was left out, and whether its time has come."),
    Verb("explain", Panel.HELP, "Tell why a component or model is there, and as what."),
    Verb("list", Panel.HELP, "List profiles, layers, components and GPUs."),
    Verb("completion", Panel.HELP, "Print the completion script of a shell."),
    Verb("help", Panel.HELP, "Explain exit codes or an error code."),
    Verb("version", Panel.HELP, "Print the version."),
)


def find_verb(name: str) -> Verb | None:
    """The verb called `name`, None when there is none."""
    return next((verb for verb in VERBS if verb.name == name), None)
