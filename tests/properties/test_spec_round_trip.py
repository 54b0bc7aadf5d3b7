"""What llmplat writes reads back as it was, whatever texts and numbers it holds."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from llmplat.domain.errors import Where
from llmplat.spec.lock import Lock, LockedModel, ModelConfig, dump_lock, parse_lock
from llmplat.spec.scaffold import make_label
from llmplat.spec.tree import BrokenTextError, read_tree

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
    | st.from_regex(r"\A[-+.0-9eExoO_:~]{1,8}\Z")
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abc:#- ", min_size=1, max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


def as_read(value: Any) -> Any:
    """Lists are tuples once they are read."""
    if isinstance(value, list):
        return tuple(as_read(item) for item in value)
    return {key: as_read(item) for key, item in value.items()} if isinstance(value, dict) else value


@settings(max_examples=300, deadline=None)
@given(values)
def test_any_value_in_a_lock_reads_back(value: object) -> None:
    model = LockedModel(
        name="a",
        source="hf://o/n",
        revision="main",
        digest="sha256:" + "0" * 64,
        weights_bytes=1,
        config=ModelConfig.model_validate({"model_type": "llama", "odd": {"value": value}}),
    )
    text = dump_lock(Lock(models=(model,)))
    again = parse_lock(text, "l")
    assert again.models[0].config.model_dump()["odd"] == {"value": as_read(value)}
    assert dump_lock(again) == text


@settings(max_examples=500, deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
    | st.text("ab:[]{}-&*!|>'\"\n\t #%@?,~", max_size=60)
)
def test_any_text_is_a_tree_or_a_finding_with_a_place(text: str) -> None:
    places = _places(text)
    assert places
    assert all(place is not None and place.line >= 1 and place.column >= 1 for place in places)


def _places(text: str) -> list[Where | None]:
    try:
        return [read_tree(text, "f").where(())]
    except BrokenTextError as error:
        return [item.where for item in error.findings]


@given(st.text(max_size=80))
def test_any_text_gives_a_label(text: str) -> None:
    label = make_label(text)
    assert 1 <= len(label) <= 40
    assert label[0].isalpha()
    assert set(label) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert not label.endswith("-")
