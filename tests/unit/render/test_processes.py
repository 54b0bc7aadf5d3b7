"""Placeholders are filled in once, everything else stays."""

import dataclasses

import pytest

from llmplat.domain.manifest import Manifest
from llmplat.plan.launch import Launch, Limits, Probe, SecretEnv
from llmplat.render.processes import spell_process

LAUNCH = Launch(
    name="x",
    runtime="r",
    argv=("-m", "mod", "--host", "{host}", "--port", "{port}", "--model", "{model_dir}", "{else}"),
    env=(("CONFIG", "{config_dir}/file"), ("PLAIN", "1")),
    secret_env=(SecretEnv("KEY", "secret-name"),),
    port=1,
    probe=Probe("/health", 1, 1, 1),
    limits=Limits(1),
    stop_grace_s=1,
)
PLACES = {"host": "127.0.0.1", "port": 4001, "model_dir": "/m", "config_dir": "/c"}


def test_placeholders_are_filled():
    process = spell_process(LAUNCH, **PLACES)
    assert process.argv == (
        "-m", "mod", "--host", "127.0.0.1", "--port", "4001", "--model", "/m", "{else}",
    )  # fmt: skip
    assert process.env == (("CONFIG", "/c/file"), ("PLAIN", "1"))
    assert process.secret_env == LAUNCH.secret_env


def test_a_folder_that_looks_like_a_placeholder_stays_as_it_is():
    process = spell_process(LAUNCH, **{**PLACES, "model_dir": "/odd/{port}"})
    assert "/odd/{port}" in process.argv


def test_an_argument_is_one_argument():
    launch = dataclasses.replace(LAUNCH, argv=("{model_dir}",))
    assert spell_process(launch, **{**PLACES, "model_dir": "/a b;c"}).argv == ("/a b;c",)


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", ""])
def test_no_rendered_file_leaves_its_folder(path):
    with pytest.raises(ValueError, match="leaves the folder"):
        Manifest(path, "")
