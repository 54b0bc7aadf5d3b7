"""All files of a model's source -> those that serving needs: config, tokenizer, safetensors."""

from pathlib import PurePosixPath

from llmplat.domain.errors import InputError
from llmplat.domain.ports import ModelFile

WEIGHTS = ".safetensors"
_SMALL = {".json", ".jinja", ".model", ".tiktoken", ".txt"}
_PICKLES = {".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth"}
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "tekken.json", "vocab.json", "vocab.txt")
_FOLDERS_OF_SMALL = {"1_Pooling", "2_Dense", "2_Normalize", "3_Normalize"}
"""Sentence-transformers keeps the way an embedding is pooled in these."""


def select_files(files: tuple[ModelFile, ...], source: str) -> tuple[ModelFile, ...]:
    """The files of `source` to fetch and serve, sorted by path.

    Other formats of the same weights are left out, and so is code: nothing that comes with a
    model is ever run.

    Raises:
        InputError: no config.json, no tokenizer, or no weights in safetensors.
    """
    chosen = wanted_files(files)
    _check(chosen, files, source)
    return chosen


def wanted_files(files: tuple[ModelFile, ...]) -> tuple[ModelFile, ...]:
    """Of `files`, those that serving reads, sorted by path; whether they are enough is not asked."""
    chosen = tuple(sorted((f for f in files if _is_wanted(f)), key=lambda file: file.path))
    names = {file.path for file in chosen}
    if any(n.startswith("model") and n.endswith(WEIGHTS) for n in names):
        # Some publishers put a second copy beside it, in their own layout.
        chosen = tuple(file for file in chosen if not file.path.startswith("consolidated"))
    return chosen


def _is_wanted(file: ModelFile) -> bool:
    path = PurePosixPath(file.path)
    if len(path.parts) == 1:
        return path.suffix in {*_SMALL, WEIGHTS}
    return path.parts[0] in _FOLDERS_OF_SMALL and path.suffix == ".json"


def _check(chosen: tuple[ModelFile, ...], files: tuple[ModelFile, ...], source: str) -> None:
    names = {file.path for file in chosen}
    if "config.json" not in names:
        raise _unusable(
            source, "it has no config.json", "give the folder or repository that holds config.json"
        )
    if not any(name.endswith(WEIGHTS) for name in names):
        raise _no_weights(files, source)
    if not any(name in _TOKENIZERS or name.endswith(".tiktoken") for name in names):
        raise _unusable(
            source,
            f"it has no tokenizer (none of {', '.join(_TOKENIZERS)})",
            "add the tokenizer's files beside config.json",
        )


def _no_weights(files: tuple[ModelFile, ...], source: str) -> InputError:
    pickles = [file.path for file in files if PurePosixPath(file.path).suffix in _PICKLES]
    if pickles:
        return _unusable(
            source,
            f"its weights are pickles ({pickles[0]}), which can run any code when they are read",
            "choose a revision with .safetensors files, or convert it on a machine you can lose",
        )
    return _unusable(
        source, "it has no .safetensors file", "choose a model published in safetensors"
    )


def _unusable(source: str, why: str, fix: str) -> InputError:
    return InputError(f"The model {source} cannot be served.", why=why, fix=(fix,))
