"""The page of roles names every kind of resource that the program declares."""

from tests.infra.conftest import HOME, NAMES


def test_every_kind_of_resource_has_its_role(declare, declared, document):
    page = (HOME / "docs" / "reference" / "gke-roles.md").read_text("utf-8")
    column = " ".join(line.split("|")[3] for line in page.splitlines() if line.count("|") == 4)
    told = set(column.replace(",", " ").split())
    kinds = {r["type"].rpartition(":")[2] for name in NAMES for r in declared(name)["resources"]}
    with_zone = declare({**document, "dnsZone": "llm.example.com"})
    kinds |= {r["type"].rpartition(":")[2] for r in with_zone["resources"]}
    assert kinds <= told, kinds - told
