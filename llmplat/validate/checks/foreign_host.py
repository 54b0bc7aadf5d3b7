"""Behind a mirror nothing names another host.

A cluster without a way out cannot fetch from it: the pod waits for its image for ever, on the day it
is started anew. The platform's root project says which hosts there are; without a mirror it says none.
"""

from collections.abc import Iterator

from llmplat.domain.hosts import hosts_in, is_allowed
from llmplat.validate.objects import Objects
from llmplat.validate.smell import Smell

_HOSTS = "llmplat.dev/hosts"


def find(objects: Objects) -> Iterator[Smell]:
    """Every host in a value of any object that the root project does not list."""
    allowed = {
        host
        for one in objects.of("argoproj.io/AppProject")
        for host in str(one.annotations.get(_HOSTS, "")).split()
    }
    if not allowed:
        return
    for one in objects.all:
        for found in hosts_in(one.value):
            if not is_allowed(found.host, allowed):
                what = f"{found.host} is not in the mirror"
                fix = f"take it from the mirror; it has {', '.join(sorted(allowed))}"
                yield Smell(one, found.path, what, fix)
