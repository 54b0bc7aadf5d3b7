"""The console beside the gateway, where the platform asks for it."""

from dataclasses import dataclass

from llmplat.catalog.cluster import load_console_code
from llmplat.plan.cluster.gateway import NAMESPACE
from llmplat.plan.cluster.ground import Ground
from llmplat.plan.console import FORWARDED_PORT, NAME, make_console
from llmplat.plan.launch import Launch


@dataclass(frozen=True)
class ClusterConsole:
    """One copy: who is signed in is in its memory alone."""

    launch: Launch
    image: str
    code: dict[str, str]
    """File name -> text of the console package, as it runs on one machine too."""


def make_cluster_console(ground: Ground) -> ClusterConsole | None:
    """The console; None where the platform has no such component, or no gateway."""
    if ground.gateway is None or not ground.runs(NAME):
        return None
    launch = make_console(f"http://gateway.{NAMESPACE}", FORWARDED_PORT)
    return ClusterConsole(launch, ground.image("litellm"), dict(load_console_code()))
