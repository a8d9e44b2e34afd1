"""Tests of reading YAML and checking its content."""

from typing import NotRequired

import pytest
from typing_extensions import TypedDict

from soilresp.errors import DataError
from soilresp.io.yaml_text import YamlError, check_content, parse_yaml


class Shape(TypedDict):
    a: list[int]
    b: NotRequired[dict[str, str]]


@pytest.mark.parametrize(
    "text", ["[", "{a: b: c}", "2001-99-99", "!!python/name:os.system", "a: *b", "[" * 2_000]
)
def test_text_that_is_no_yaml(text):
    """Every fault of a text gives the same kind of error, in one line."""
    with pytest.raises(YamlError) as error:
        parse_yaml(text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("content", "place"), [
    ({}, "F, a:"), ({"a": [1, "x"]}, "F, a, 1:"), ({"a": [], "b": {"x": 1}}, "F, b, x:"),
    ([], "F:"),
])
def test_place_of_a_fault_is_named(content, place):
    """The message begins with the place at fault, down to the item of a list."""
    with pytest.raises(DataError, match=f"^{place} .* Mend it[.]$"):
        check_content(content, Shape, "F", "Mend it.")
