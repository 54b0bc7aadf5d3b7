"""The console beside the gateway, where the platform asks for it."""

from dataclasses import dataclass

from llmplat.catalog.cluster import load_console_code
from llmplat.plan.cluster.experience import Experience, Page
from llmplat.plan.cluster.gateway import NAMESPACE
from llmplat.plan.cluster.ground import Ground
from llmplat.plan.console import FORWARDED_PORT, make_console
from llmplat.plan.launch import Launch


@dataclass(frozen=True)
class ClusterConsole:
    """One copy: who is signed in is in its memory alone."""

    launch: Launch
    image: str
    code: dict[str, str]
    """File name -> text of the console package, as it runs on one machine too."""
    host: str | None
    """Its name at the edge; None without a domain: a port-forward leads to it."""
    door: Page | None
    """The page that a door leads to; None where the edge leads straight to it."""


def make_cluster_console(ground: Ground, experience: Experience | None) -> ClusterConsole | None:
    """The console; None where the platform has no such component, or no gateway."""
    if experience is None or experience.console is None:
        return None
    page, domain = experience.console, experience.domain
    host = f"{page.place.host}.{domain}" if domain is not None else None
    return ClusterConsole(
        launch=make_console(f"http://gateway.{NAMESPACE}", FORWARDED_PORT, host),
        image=ground.image("litellm"),
        code=dict(load_console_code()),
        host=host,
        door=page if experience.sign_in is not None else None,
    )
