"""What a model says of itself, and what it does not."""

import pytest

from llmplat.pack.model_card import read_config, read_licence
from tests.fakes.packed_model import pack_files


@pytest.mark.parametrize(
    ("readme", "licence"),
    [
        (b"---\nlicense: apache-2.0\ntags: [x]\n---\n# Model\n", "apache-2.0"),
        (b"---\r\nlicense: mit\r\n---\r\n", "mit"),
        (b"# no head\nlicense: mit\n", None),
        (b"---\nlicense: [a, b]\n---\n", None),
        (b"---\nlicense: 'x\n---\n", None),
        (b'---\nlicense: "a\\nb"\n---\n', None),
        (b"", None),
    ],
)
def test_the_licence_is_that_of_the_readmes_head(readme: bytes, licence: str | None) -> None:
    assert read_licence(pack_files({"README.md": readme})) == licence


@pytest.mark.parametrize("config", [b"", b"[]", b"{", b"\xff"])
def test_a_broken_config_says_nothing(config: bytes) -> None:
    assert read_config(pack_files({"config.json": config})) == {}
    assert read_config(()) == {}


def test_a_config_gives_its_facts() -> None:
    files = pack_files({"config.json": b'{"model_type": "llama", "dtype": "bfloat16"}'})
    facts = read_config(files)
    assert (facts["model_type"], facts["torch_dtype"]) == ("llama", "bfloat16")
