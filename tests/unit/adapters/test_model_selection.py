"""Which files of a repository are served."""

import pytest

from llmplat.adapters.model_selection import select_files
from llmplat.domain.errors import InputError
from llmplat.domain.ports import ModelFile


def chosen(*paths: str) -> list[str]:
    files = tuple(ModelFile(path, 1, None) for path in paths)
    return [file.path for file in select_files(files, "hf://org/name")]


def test_other_formats_code_and_copies_are_left_out() -> None:
    assert chosen(
        "config.json", "tokenizer.json", "model.safetensors", "chat_template.jinja", "README.md",
        "modeling_custom.py", "pytorch_model.bin", "onnx/config.json", "consolidated.safetensors",
        "original/params.json", "1_Pooling/config.json", "model.gguf", ".gitattributes",
    ) == ["1_Pooling/config.json", "chat_template.jinja", "config.json", "model.safetensors",
          "tokenizer.json"]  # fmt: skip


def test_a_consolidated_file_is_taken_when_it_is_the_only_one() -> None:
    assert "consolidated.safetensors" in chosen(
        "config.json", "tekken.json", "consolidated.safetensors"
    )


@pytest.mark.parametrize(
    ("paths", "says"),
    [
        (("tokenizer.json", "model.safetensors"), "no config.json"),
        (("config.json", "model.safetensors"), "no tokenizer"),
        (("config.json", "tokenizer.json", "weights.pt"), "pickles (weights.pt)"),
        (("config.json", "tokenizer.json", "model.gguf"), "no .safetensors file"),
    ],
)
def test_what_cannot_be_served_is_refused(paths: tuple[str, ...], says: str) -> None:
    with pytest.raises(InputError, match="cannot be served") as caught:
        chosen(*paths)
    assert caught.value.why is not None
    assert caught.value.fix
    assert says in caught.value.why
