"""Whatever stands in a file, it is read or refused with a place; nothing else ever comes out."""

import importlib.util
import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from llmplat.cli.app import run_command
from llmplat.domain.errors import SpecError
from llmplat.spec.keys import Key, KeysFile, dump_keys, parse_keys
from llmplat.spec.load import default_text, parse_platform
from llmplat.spec.lock import (
    Lock,
    LockedFile,
    LockedModel,
    LockedRuntime,
    ModelConfig,
    dump_lock,
    parse_lock,
)
from llmplat.spec.read import decode

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "docs" / "examples"
HASH = "0f" * 32

_spec = importlib.util.spec_from_file_location("spec_mutations", HERE / "spec_mutations.py")
assert _spec is not None
assert _spec.loader is not None
mutations = importlib.util.module_from_spec(_spec)
sys.modules["spec_mutations"] = mutations
_spec.loader.exec_module(mutations)

LOCK = dump_lock(
    Lock(
        models=(
            LockedModel(
                name="a",
                source="hf://o/n",
                revision="abc",
                digest=f"sha256:{HASH}",
                weights_bytes=1,
                files=(LockedFile(path="config.json", size_bytes=1, sha256=HASH),),
                config=ModelConfig(model_type="llama", hidden_size=3),
            ),
        ),
        runtimes=(LockedRuntime(name="litellm", version="1", lock_sha256=HASH),),
    )
)
KEYS = dump_keys(
    KeysFile(
        keys=(
            Key(
                id="k-1",
                tenant="team-a",
                app="web",
                sha256=HASH,
                created=datetime(2026, 1, 31, tzinfo=UTC),
            ),
        )
    )
)
FILES: dict[str, tuple[str, Callable[[str, str], object]]] = {
    "default": (default_text(), parse_platform),
    "tenants": ((EXAMPLES / "tenants.yaml").read_text(), parse_platform),
    "outside": ((EXAMPLES / "external-backend.yaml").read_text(), parse_platform),
    "preview": ((HERE.parent / "unit" / "spec" / "not-yet-preview.yaml").read_text(), parse_platform),
    "lock": (LOCK, parse_lock),
    "keys": (KEYS, parse_keys),
}
JARGON = re.compile(
    r"Input should|validation error|pydantic|Traceback|NoneType|<class|\bdict\b|\btuple\b|(int|float|string|bool|tuple|dict)_type\b",
    re.IGNORECASE,
)


def mutants(name: str, *, every: int = 1) -> Iterator[tuple[str, bytes]]:
    text = FILES[name][0]
    made = [*mutations.structural(text), *mutations.textual(text, seed=len(text))]
    yield from made[::every]


def read(data: bytes, parse: Callable[[str, str], object]) -> SpecError | None:
    try:
        parse(decode(data, "file.yaml"), "file.yaml")
    except SpecError as error:
        return error
    return None


def complaint(error: SpecError, data: bytes) -> str | None:
    """What is wrong with an error itself, None when it is a good one."""
    lines = data.count(b"\n") + data.count(b"\r") + data.count(b"\xc2\x85") + 2
    lines += data.count(b"\xe2\x80\xa8") + data.count(b"\xe2\x80\xa9")
    if not error.findings:
        return "no findings"
    for item in error.findings:
        told = " ".join((item.what, item.why or "", *item.fix))
        if item.where is None or item.where.file != "file.yaml":
            return f"no place: {item}"
        if not 1 <= item.where.line <= lines or item.where.column < 1:
            return f"a place outside the file: {item}"
        if JARGON.search(told) or len(told) > 1500:
            return f"not in plain words: {told[:300]}"
    return None


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_mutant_is_read_or_refused_with_a_place(name: str) -> None:
    count = refused = 0
    for change, data in mutants(name, every=3 if name in {"preview", "tenants", "outside"} else 1):
        count += 1
        error = read(data, FILES[name][1])
        if error is not None:
            refused += 1
            assert complaint(error, data) is None, f"{change}: {complaint(error, data)}"
    assert count >= 300
    assert refused >= count // 2


def test_the_command_line_answers_mutants_with_exit_3_and_a_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LLMPLAT_STATE_HOME", str(tmp_path / "state"))
    file = tmp_path / "platform.yaml"
    wrong = 0
    for _, data in mutants("default", every=9):
        if read(data, parse_platform) is None:
            continue
        wrong += 1
        file.write_bytes(data)
        assert run_command(["validate", "-f", str(file)]) == 3
        out, err = capsys.readouterr()
        assert out == ""
        assert re.search(re.escape(str(file)) + r":\d+:\d+: error\[spec-", err)
        assert "Traceback" not in err
    assert wrong >= 60
