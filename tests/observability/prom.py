"""Finds promtool and runs its unit tests of rules."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

MODULE = Path(__file__).parent / "promtool" / "go.mod"
VERSION = re.search(r"github.com/prometheus/prometheus (v\S+)", MODULE.read_text("utf-8"))
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))


def promtool() -> str:
    """The pinned promtool; a skip that says how to get it."""
    assert VERSION is not None
    built = CACHE / "llmplat-test-tools" / "bin" / f"promtool-{VERSION[1]}"
    found = str(built) if built.is_file() else shutil.which("promtool")
    if found is None:
        pytest.skip(f"no promtool here: `bash .ci/setup-tests` builds {VERSION[1]}")
    return found


def write(folder: Path, name: str, document: object) -> Path:
    path = folder / name
    path.write_text(yaml.safe_dump(document, sort_keys=False, width=1000), "utf-8")
    return path


def run(*words: str, folder: Path) -> str:
    """What promtool says; fails the test when it is not satisfied."""
    done = subprocess.run(
        [promtool(), *words], cwd=folder, capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    return done.stdout


def rule_test(
    name: str, series: dict[str, str], *, at: str, interval: str, firing: dict[str, str]
) -> dict:
    """One test of promtool: how many alerts with the labels `firing` fire at the time `at`."""
    labels = {"alertstate": "firing", **firing}
    selector = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return {
        "name": name,
        "interval": interval,
        "input_series": [{"series": key, "values": str(value)} for key, value in series.items()],
        "promql_expr_test": [{"expr": f"count(ALERTS{{{selector}}})", "eval_time": at}],
    }


def expect(test: dict, *, fires: bool) -> dict:
    """The same, saying whether it must fire."""
    samples = [{"labels": "{}", "value": 1}] if fires else []
    (question,) = test["promql_expr_test"]
    return {**test, "promql_expr_test": [{**question, "exp_samples": samples}]}
