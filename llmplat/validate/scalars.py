"""A plain YAML scalar as Kubernetes reads it: the rules of Go's yaml.v2, which are YAML 1.1's."""

import re

_WORDS: dict[str, object] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF"), False),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER_START = frozenset("+-.0123456789")
_INT = re.compile(r"[-+]?(0|[1-9][0-9_]*)")
_BASED = re.compile(r"[-+]?(0x[0-9a-fA-F_]+|0b[01_]+|0o?[0-7_]+)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_LONGEST_NUMBER = 40


class ScalarCache(dict[str, object]):
    """Plain scalars by their text; the same few words fill most manifests."""

    def __missing__(self, text: str) -> object:
        """Read `text` once."""
        value = self[text] = plain_scalar(text)
        return value


def plain_scalar(text: str) -> object:
    """The value of an unquoted scalar (github.com/go-yaml/yaml v2, resolve.go)."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_START or len(text) > _LONGEST_NUMBER:
        return text
    return _number(text)


def _number(text: str) -> object:
    if _INT.fullmatch(text):
        return int(text.replace("_", ""))
    if _BASED.fullmatch(text):
        return _based(text.replace("_", ""))
    return float(text) if _FLOAT.fullmatch(text) else text


def _based(text: str) -> object:
    """Hexadecimal, binary and octal, the bare leading zero included."""
    sign, digits = (text[0], text[1:]) if text[0] in "+-" else ("", text)
    prefix = digits[:2] if digits[1:2] in {"x", "b", "o"} else ""
    base = {"0x": 16, "0b": 2, "0o": 8, "": 8}[prefix]
    try:
        return int(f"{sign}{digits[len(prefix) :]}", base)
    except ValueError:
        return text
