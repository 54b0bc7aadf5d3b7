"""What `init` writes is short, says what was found out, and reads without a fault."""

import itertools

import pytest

from llmplat.domain.units import GIB
from llmplat.spec.load import parse_platform
from llmplat.spec.scaffold import (
    DEMO_SOURCE,
    Answers,
    make_label,
    make_platform_text,
    model_names,
    suggest_concurrency,
)

SOURCES = [
    (DEMO_SOURCE,),
    ("hf://Qwen/Qwen2.5-0.5B-Instruct", DEMO_SOURCE),
    ("file:///srv/my models/#1: best", "hf://a/b@main", "hf://c/b", "hf://d/b"),
]
TENANTS = [("demo",), ("team-a", "null", "team-b")]


@pytest.mark.parametrize(
    ("sources", "tenants", "free"),
    list(itertools.product(SOURCES, TENANTS, (None, 2 * GIB, 64 * GIB))),
)
def test_the_file_reads_without_a_finding(
    sources: tuple[str, ...], tenants: tuple[str, ...], free: int | None
) -> None:
    text = make_platform_text(Answers("lab", sources, tenants, free_memory_bytes=free))
    loaded = parse_platform(text, "platform.yaml")
    assert loaded.warnings == ()
    assert tuple(model.source for model in loaded.platform.models) == sources
    assert tuple(tenant.name for tenant in loaded.platform.tenants) == tenants
    assert loaded.platform.model("default") == loaded.platform.models[0]
    assert text.startswith("# yaml-language-server: $schema=https://")


def test_it_is_short_and_says_what_was_found_out() -> None:
    text = make_platform_text(Answers("lab", free_memory_bytes=20 * GIB))
    assert len(text.splitlines()) < 40
    assert "20.0 GiB of memory were free" in text


@pytest.mark.parametrize(
    ("text", "label"),
    [("My_Team 2", "my-team-2"), ("7b", "m-7b"), ("---", "m"), ("x" * 99, "x" * 40), ("Ü", "m")],
)
def test_labels_from_any_text(text: str, label: str) -> None:
    assert make_label(text) == label


def test_names_of_models_are_unique() -> None:
    names = model_names(("hf://a/b", "hf://c/b", "hf://d/b", DEMO_SOURCE))
    assert names == ("b", "b-v2", "b-v3", "smollm2-135m")


def test_more_memory_never_means_fewer_requests() -> None:
    counts = [suggest_concurrency(size * GIB) for size in range(1, 200)]
    assert counts == sorted(counts)
