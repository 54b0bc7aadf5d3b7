"""The keys file holds hashes, times and names, and reads back as it was."""

from datetime import UTC, datetime, timedelta

import pytest

from llmplat.domain.errors import SpecError
from llmplat.spec.keys import Key, KeysFile, dump_keys, parse_keys, parse_placed_keys

NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)


def key(number: int, *, expires: datetime | None = None) -> Key:
    digest = f"{number:064x}"
    return Key(
        id=f"k-{number}", tenant="team-a", app="web", sha256=digest, created=NOW, expires=expires
    )


def test_what_is_written_reads_back() -> None:
    keys = KeysFile(keys=(key(1), key(2, expires=NOW + timedelta(days=1))))
    text = dump_keys(keys)
    assert parse_keys(text, "keys.yaml") == keys
    assert dump_keys(parse_keys(text, "keys.yaml")) == text
    assert "2026-01-31T12:00:00Z" in text


def test_an_empty_file_of_keys_is_fine() -> None:
    assert parse_keys(dump_keys(KeysFile()), "k").keys == ()


def test_entries_know_their_places() -> None:
    _, tree = parse_placed_keys(dump_keys(KeysFile(keys=(key(1), key(2)))), "keys.yaml")
    first, second = (tree.where(("keys", index, "tenant")).line for index in (0, 1))
    assert 1 < first < second


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        ("id: k-2", "id: k-1", ["spec-duplicate-name"]),
        (f"sha256: '{2:064x}'", f"sha256: '{1:064x}'", ["spec-duplicate-name"]),
        ("created: '2026-01-31T12:00:00Z'", "created: yesterday", ["spec-value", "spec-value"]),
        ("created:", "expires: 2020-01-01T00:00:00Z\n  created:", ["spec-key-times"] * 2),
        ("tenant: team-a", "tenant: Team A", ["spec-value"] * 2),
        ("app: web", "apps: web", ["spec-missing-key", "spec-unknown-key"] * 2),
        ("kind: Keys", "kind: Lock", ["spec-wrong-kind"]),
    ],
)
def test_faults_are_told(old: str, new: str, codes: list[str]) -> None:
    text = dump_keys(KeysFile(keys=(key(1), key(2))))
    assert old in text
    with pytest.raises(SpecError) as caught:
        parse_keys(text.replace(old, new), "keys.yaml")
    assert [item.code for item in caught.value.findings] == codes
