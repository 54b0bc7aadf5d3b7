"""What is written as YAML is read back as it was."""

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from llmplat.render.dump import dump_yaml

WORDS = st.sampled_from(
    ["yes", "NO", "on", "null", "~", "1e3", "0x1f", "1.10", "2026-01-01", "- a", "a: b", "#x", "",
     " lead", "trail ", "'", '"', "%", "@x", "`", "{x}", "[x]", "*x", "&x", "!x", "|", ">", "=",
     "<<", "1_000", "0o7", "12:30:45", "é", "a#b", "a #b", "a:", ":a", "?", "-", "--- x", "...",
     "True", "n", "Y", "/x", "_", ".inf", ".nan", "0b1", "+1", "x" * 200, "two\nlines", "\t", "a\tb"]
)  # fmt: skip
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20) | WORDS
LEAF = TEXT | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False)
DATA = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=100)
@given(st.dictionaries(TEXT, DATA, max_size=5))
def test_yaml_reads_back(document):
    assert yaml.load(dump_yaml(document), Loader=yaml.CSafeLoader) == document


def test_the_same_value_twice_is_written_twice():
    labels = {"a": "b"}
    assert dump_yaml({"one": labels, "two": labels}) == "one:\n  a: b\ntwo:\n  a: b\n"
