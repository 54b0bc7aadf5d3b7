"""An inventory that somebody changed is refused as such."""

import pytest

from llmplat.domain.inventory import KEY, parse_inventory


@pytest.mark.parametrize(
    "text", ["", "null", "7", "[]", '["x"]', '"x"', "{}", "{", '{"schema": 99}']
)
def test_what_is_no_inventory_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (JSON's own, or what is wrong with the document)
        parse_inventory({"data": {KEY: text}})


def test_a_map_without_the_inventory_holds_none() -> None:
    with pytest.raises(ValueError, match="holds no inventory"):
        parse_inventory({"data": None})
