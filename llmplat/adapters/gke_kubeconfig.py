"""A cluster's DNS endpoint -> a kubeconfig of llmplat's own, without any token in it."""

import json
import sys
from pathlib import Path

from llmplat.adapters.atomic_file import write_whole

FILE = "kubeconfig"


def context_name(platform: str) -> str:
    """The one context of the file."""
    return f"llmplat-{platform}"


def write_kubeconfig(state: Path, platform: str, endpoint: str) -> str:
    """Write STATE/kubeconfig, readable by its owner only; the name of its context.

    The endpoint's certificate is a public one. Tokens come from application default credentials,
    by a plug-in that is this very llmplat: no other tool has to be there.
    """
    name = context_name(platform)
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": ["-m", "llmplat.adapters.google_plugin"],
        "interactiveMode": "Never",
        "provideClusterInfo": False,
    }
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": name, "cluster": {"server": f"https://{endpoint}"}}],
        "users": [{"name": name, "user": {"exec": plugin}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
    }
    state.mkdir(parents=True, exist_ok=True)
    write_whole(state / FILE, f"{json.dumps(document, indent=1)}\n".encode())
    return name
