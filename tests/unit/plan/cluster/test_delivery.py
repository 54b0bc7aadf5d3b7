"""How weights reach an engine: the first way that works, an error only where one was demanded."""

import pytest

from llmplat.domain.errors import PlanError
from tests.fakes.cluster_platform import model, plan_with


def modes(change=None):
    return {e.launch.model: e.delivery.mode for e in plan_with(change).cluster.workloads.engines}


def on(kubernetes, **abilities):
    def change(document):
        cluster = document["substrate"]["cluster"]
        cluster["kubernetes"] = kubernetes
        if abilities:
            cluster["abilities"] = abilities

    return change


@pytest.mark.parametrize(
    ("kubernetes", "abilities", "mode"),
    [
        ("1.34", {}, "fetch"),
        ("1.34", {"imageVolumes": True}, "image-volume"),
        ("1.36", {}, "image-volume"),
    ],
)
def test_the_version_decides(kubernetes, abilities, mode):
    assert set(modes(on(kubernetes, **abilities)).values()) == {mode}


def test_what_is_demanded_is_taken():
    def change(document):
        model(document, "coder")["delivery"] = "sidecar"

    assert modes(change)["coder"] == "sidecar"


def test_what_is_demanded_and_cannot_be_is_refused():
    def change(document):
        on("1.34")(document)
        model(document, "coder")["delivery"] = "image-volume"

    with pytest.raises(PlanError) as refused:
        modes(change)
    assert "cannot be delivered as image-volume" in refused.value.what


def test_a_model_that_is_no_image_is_refused():
    def change(document):
        item = model(document, "coder")
        del item["package"]
        item["source"] = "demo://smollm2-135m-instruct"
        item["gpu"] = "l4"
        item["context"] = 2048

    with pytest.raises(PlanError) as refused:
        modes(change)
    assert "is no image" in refused.value.what
    assert "package: true" in refused.value.fix[0]
