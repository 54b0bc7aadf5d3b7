"""YAML text becomes plain values with places, and nothing in it can hurt the reader."""

import pytest

from llmplat.domain.errors import Where
from llmplat.spec.tree import BrokenTextError, read_tree


def read(text: str) -> object:
    return read_tree(text, "f").value


def fault(text: str) -> tuple[str, str]:
    with pytest.raises(BrokenTextError) as caught:
        read_tree(text, "f")
    finding = caught.value.findings[-1]
    return finding.code, str(finding.where)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("2026-01-31", "2026-01-31"),
        ("1.10", 1.1),
        ("1e3", 1000.0),
        ("007", "007"),
        ("+08", "+08"),
        ("0x10", "0x10"),
        ("12", 12),
        ("-3", -3),
        ("'12'", "12"),
        ('"true"', "true"),
        ("true", True),
        ("~", None),
        ("null", None),
        (".inf", ".inf"),
        ("|\n 12\n", "12\n"),
    ],
)
def test_scalars_follow_the_core_rules(text: str, value: object) -> None:
    found = read(f"a: {text}")
    assert found == {"a": value}
    assert type(found["a"]) is type(value)  # type: ignore[index]  # a mapping, as compared above


def test_places_of_keys_values_and_items() -> None:
    tree = read_tree("a:\n  b: [x, {c: 1}]\nd: 2\n", "f")
    assert tree.where(("a", "b")) == Where("f", 2, 3)
    assert tree.where_value(("a", "b")) == Where("f", 2, 6)
    assert tree.where(("a", "b", 1)) == Where("f", 2, 10)
    assert tree.where(("a", "b", 1, "c")) == Where("f", 2, 11)
    assert tree.where_value(("d",)) == Where("f", 3, 4)
    assert tree.where(("a", "missing", "deeper")) == Where("f", 1, 1)
    assert tree.where(("nothing",)) == Where("f", 1, 1)


def test_columns_count_characters_not_bytes() -> None:
    assert read_tree("a: {ü: 1, b: 2}", "f").where(("a", "b")) == Where("f", 1, 11)


def test_a_key_given_twice_names_both_places_and_reading_goes_on() -> None:
    with pytest.raises(BrokenTextError) as caught:
        read_tree("a: 1\nb: {c: 1, c: 2}\na: 3\n", "f")
    assert [(str(f.where), str(f.also[0])) for f in caught.value.findings] == [
        ("f:2:11", "f:2:5"),
        ("f:3:1", "f:1:1"),
    ]


def test_an_alias_stands_for_its_anchor() -> None:
    assert read("a: &x {b: 1}\nc: *x\n") == {"a": {"b": 1}, "c": {"b": 1}}


def test_a_bomb_of_aliases_is_refused_before_it_grows() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 30)]
    assert fault("\n".join(lines))[0] == "spec-too-large"


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("a:\n\t- b", "spec-yaml", "f:2:1"),
        ("a: [1, 2\nb: 3", "spec-yaml", "f:2:2"),
        ("a: 'x", "spec-yaml", "f:1:6"),
        ("- a\n b: c", "spec-yaml", "f:2:3"),
        ("a: *nothing", "spec-unknown-anchor", "f:1:4"),
        ("a: &a [*a]", "spec-unknown-anchor", "f:1:8"),
        ("a: !!python/object:os.system x", "spec-tag", "f:1:4"),
        ("a: !mine {b: 1}", "spec-tag", "f:1:4"),
        ("a: 1\n---\nb: 2", "spec-many-documents", "f:2:1"),
        ("? [a]\n: b", "spec-odd-key", "f:1:3"),
        ("x: &x 1\n? *x\n: b", "spec-odd-key", "f:2:3"),
        ("a: \x01", "spec-character", "f:1:4"),
        ("[" * 100, "spec-too-deep", "f:1:65"),
        ("{a: " * 100, "spec-too-deep", "f:1:257"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, code: str, place: str) -> None:
    assert fault(text) == (code, place)


def test_a_number_of_any_length_is_read() -> None:
    assert read(f"a: {'9' * 5000}") == {"a": "9" * 5000}
    assert read("a: 1e999") == {"a": float("inf")}
