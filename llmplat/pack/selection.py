"""All files of a model -> those that go into the image, with a reason for each that stays out."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from llmplat.domain.errors import InputError
from llmplat.pack.request import PackFile

_WEIGHTS = {".safetensors", ".gguf"}
_PICKLES = {".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth"}
_OTHER_COPIES = {".h5", ".msgpack", ".onnx", ".ot", ".pb", ".tflite"}
"""The same weights for other frameworks, where safetensors are there."""
_WHITEOUT = ".wh."
"""A name that begins so deletes files of lower layers, says the image specification."""
_MOST_NAME_BYTES = 255
_MOST_PATH_BYTES = 4000


def select_for_image(
    files: Iterable[PackFile], source: str, *, allow_pickle: bool = False
) -> tuple[tuple[PackFile, ...], tuple[PackFile, ...]]:
    """The files to pack, sorted by path, and those left out.

    The choice depends on names alone, so a folder, a hub and an archive of the same model give the
    same image. Pickles and other frameworks' copies stay out beside safetensors.

    Raises:
        InputError: nothing there, no weights, only pickles, or a name that readers do not take.
    """
    everything = tuple(sorted(files, key=lambda file: file.path))
    if not everything:
        raise _unusable(source, "it is empty", "give the folder that holds config.json")
    for file in everything:
        _check_name(file.path, source)
    left_out = _left_out(everything, source, allow_pickle=allow_pickle)
    return tuple(file for file in everything if file not in left_out), left_out


def _left_out(
    files: tuple[PackFile, ...], source: str, *, allow_pickle: bool
) -> tuple[PackFile, ...]:
    pickles = tuple(file for file in files if _suffix(file) in _PICKLES)
    has_weights = any(_suffix(file) in _WEIGHTS for file in files)
    if allow_pickle and (has_weights or pickles):
        return ()
    if has_weights:
        return tuple(file for file in files if _suffix(file) in {*_PICKLES, *_OTHER_COPIES})
    if pickles:
        raise _unusable(
            source,
            f"its weights are pickles ({pickles[0].path}), which can run any code when they are read",
            "choose a revision with .safetensors files, or say --allow-pickle if you trust its author",
        )
    raise _unusable(
        source, "it has no weights (.safetensors or .gguf)", "give the folder with the weights"
    )


def _check_name(path: str, source: str) -> None:
    if why := _wrong_name(path):
        shown = path.encode("utf-8", "backslashreplace").decode()
        raise _unusable(source, f"the name {shown!r} {why}", "rename that file")


def _wrong_name(path: str) -> str | None:
    try:
        encoded = path.encode()
    except UnicodeEncodeError:
        return "is not UTF-8, and readers disagree on what it then means"
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts:
        return "leaves the model's folder"
    if any(ord(char) < 32 or ord(char) == 127 for char in path):
        return "has a control character"
    if any(part.startswith(_WHITEOUT) for part in parts):
        return f"begins with {_WHITEOUT}, which deletes files of an image"
    if len(encoded) > _MOST_PATH_BYTES or any(len(p.encode()) > _MOST_NAME_BYTES for p in parts):
        return f"is longer than file systems take ({_MOST_NAME_BYTES} bytes a name)"
    return None


def _suffix(file: PackFile) -> str:
    return PurePosixPath(file.path).suffix.lower()


def _unusable(source: str, why: str, fix: str) -> InputError:
    return InputError(f"The model {source} cannot be packaged.", why=why, fix=(fix,))
