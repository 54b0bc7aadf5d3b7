"""How many blobs are on their way at once."""

import pytest

from llmplat.adapters.oci_registry import connections_to


@pytest.mark.parametrize(
    ("registry", "cores", "wanted"),
    [
        ("ghcr.io", 1, 4),
        ("ghcr.io", 6, 6),
        ("ghcr.io", 64, 8),
        ("localhost:5000", 1, 2),
        ("127.0.0.1:5000", 2, 2),
        ("[::1]:5000", 6, 6),
        ("localhost:5000", 64, 8),
    ],
)
def test_as_many_as_cores_within_bounds(registry: str, cores: int, wanted: int) -> None:
    assert connections_to(registry, cores) == wanted
