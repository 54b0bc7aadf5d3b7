"""Controls as rendered against those in the cluster: as much is as much, however the API server spells it."""

from llmplat.observe.cluster_controls import _compare
from tests.fakes.argo_cluster import thing


def quota(**hard: str) -> dict:
    return thing("v1", "ResourceQuota", "owner", "models-team-a", spec={"hard": hard})


def test_amounts_that_the_api_server_spells_anew_are_the_same() -> None:
    wanted = quota(**{"requests.nvidia.com/gpu": "2000", "pods": "50"})
    there = quota(**{"requests.nvidia.com/gpu": "2k", "pods": "50"})
    assert not _compare(wanted, there)


def test_another_amount_is_told() -> None:
    assert "another spec" in _compare(quota(pods="2000"), quota(pods="3k"))
    assert "missing" in _compare(quota(pods="2000"), None)


def test_names_are_no_amounts() -> None:
    def role(name: str) -> dict:
        return thing(
            "rbac.authorization.k8s.io/v1", "Role", "r", "n", rules=[{"resourceNames": [name]}]
        )

    assert "another rules" in _compare(role("1000"), role("1k"))
