"""Turns one field a client sent into the value the engine may see, or a refusal that names the field."""

from collections.abc import Callable
from typing import Any

from llmplat.gateway.refusals import RefusedError

Json = Any
"""A decoded JSON value."""

Check = Callable[[str, Json], Json]

_MESSAGE_FIELDS = frozenset({"role", "content", "name", "tool_calls", "tool_call_id"})
_MESSAGE_DROPPED = frozenset(
    {"refusal", "annotations", "audio", "function_call", "provider_specific_fields"}
)
_MOST_MESSAGES = 4096
_MOST_TOOLS = 128
MOST_PROMPTS = 128


def refuse(name: str, why: str) -> RefusedError:
    """The refusal of the value of field `name`."""
    return RefusedError("field_invalid", f"`{name}` {why}.", param=name)


def integer(low: int, high: int) -> Check:
    """A check for whole numbers from `low` to `high`."""

    def check(name: str, value: Json) -> int:
        if type(value) is not int or not low <= value <= high:
            raise refuse(name, f"must be a whole number from {low} to {high}")
        return value

    return check


def number(low: float, high: float) -> Check:
    """A check for finite numbers from `low` to `high`."""

    def check(name: str, value: Json) -> float:
        # No math.isfinite: it breaks on whole numbers of 400 digits; NaN is in no range.
        if type(value) not in {int, float} or not low <= value <= high:
            raise refuse(name, f"must be a number from {low} to {high}")
        return float(value)

    return check


def boolean(name: str, value: Json) -> bool:
    """A check for true and false."""
    if type(value) is not bool:
        raise refuse(name, "must be true or false")
    return value


def one_of(*words: str) -> Check:
    """A check for one of `words`."""

    def check(name: str, value: Json) -> str:
        if not isinstance(value, str) or value not in words:
            raise refuse(name, f"must be one of {', '.join(words)}")
        return value

    return check


_ROLE = one_of("assistant", "developer", "system", "tool", "user")


def text(name: str, value: Json) -> str:
    """A check for a string."""
    if not isinstance(value, str):
        raise refuse(name, "must be a string")
    return value


def stops(name: str, value: Json) -> Json:
    """A check for a stop string or up to 16 of them."""
    listed = [value] if isinstance(value, str) else value
    is_good = isinstance(listed, list) and len(listed) <= 16
    if not is_good or not all(isinstance(one, str) and 0 < len(one) <= 1024 for one in listed):
        raise refuse(name, "must be a string or at most 16 strings of at most 1024 characters")
    return value


def logit_bias(name: str, value: Json) -> Json:
    """A check for up to 1024 token ids with a bias from -100 to 100."""
    if not isinstance(value, dict) or len(value) > 1024:
        raise refuse(name, "must be an object of at most 1024 entries")
    bias = number(-100, 100)
    for token, amount in value.items():
        if not (token.isascii() and token.isdigit() and len(token) <= 9):
            raise refuse(name, "must have token ids as names")
        bias(name, amount)
    return value


def stream_options(name: str, value: Json) -> Json:
    """A check for {include_usage}; the rest of it is the gateway's business."""
    if not isinstance(value, dict) or not set(value) <= {"include_usage", "continuous_usage_stats"}:
        raise refuse(name, "may hold include_usage only")
    return {"include_usage": boolean(name, value.get("include_usage", False))}


def messages(name: str, value: Json) -> list[dict[str, Any]]:
    """A check for chat messages made of text."""
    if not isinstance(value, list) or not 1 <= len(value) <= _MOST_MESSAGES:
        raise refuse(name, f"must be a list of 1 to {_MOST_MESSAGES} messages")
    return [_message(f"{name}[{index}]", one) for index, one in enumerate(value)]


def _message(name: str, value: Json) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise refuse(name, "must be an object with a role")
    _ROLE(f"{name}.role", value.get("role"))
    message = {
        field: part
        for field, part in value.items()
        if part is not None and field not in _MESSAGE_DROPPED
    }
    if not set(message) <= _MESSAGE_FIELDS:
        extra = min(set(message) - _MESSAGE_FIELDS)
        raise RefusedError("unknown_field", f"Unknown field `{name}.{extra}`.", param=extra)
    content = message.get("content")
    if not isinstance(content, str | None):
        message["content"] = _parts(f"{name}.content", content)
    if "tool_calls" in message:
        _tool_calls(f"{name}.tool_calls", message["tool_calls"])
    for field in ("name", "tool_call_id"):
        text(f"{name}.{field}", message.get(field, ""))
    return message


def _parts(name: str, value: Json) -> Json:
    if not isinstance(value, list):
        raise refuse(name, "must be a string or a list of text parts")
    for part in value:
        is_text = isinstance(part, dict) and set(part) == {"type", "text"}
        if not is_text or part["type"] != "text" or not isinstance(part["text"], str):
            raise refuse(name, "may hold parts of type text only")
    return value


def _tool_calls(name: str, value: Json) -> None:
    if not isinstance(value, list) or len(value) > _MOST_TOOLS:
        raise refuse(name, f"must be a list of at most {_MOST_TOOLS} calls")
    for call in value:
        is_call = isinstance(call, dict) and set(call) <= {"id", "type", "function", "index"}
        function = call.get("function") if is_call else None
        if not isinstance(function, dict) or not set(function) <= {"name", "arguments"}:
            raise refuse(name, "may hold id, type and function {name, arguments} only")


def tools(name: str, value: Json) -> Json:
    """A check for up to 128 function tools."""
    if not isinstance(value, list) or len(value) > _MOST_TOOLS:
        raise refuse(name, f"must be a list of at most {_MOST_TOOLS} tools")
    for tool in value:
        is_tool = isinstance(tool, dict) and set(tool) == {"type", "function"}
        function = tool["function"] if is_tool and tool["type"] == "function" else None
        known = {"name", "description", "parameters", "strict"}
        if not isinstance(function, dict) or not set(function) <= known:
            raise refuse(name, f"may hold functions with {', '.join(sorted(known))} only")
        text(f"{name}.function.name", function.get("name"))
    return value


def tool_choice(name: str, value: Json) -> Json:
    """A check for none, auto, required or one function."""
    if isinstance(value, dict):
        function = value.get("function")
        is_named = isinstance(function, dict) and set(function) == {"name"}
        if set(value) == {"type", "function"} and value["type"] == "function" and is_named:
            return value
    return one_of("none", "auto", "required")(name, value)


def response_format(name: str, value: Json) -> Json:
    """A check for text, json_object or json_schema."""
    if not isinstance(value, dict) or not set(value) <= {"type", "json_schema"}:
        raise refuse(name, "may hold type and json_schema only")
    one_of("text", "json_object", "json_schema")(f"{name}.type", value.get("type"))
    if value["type"] == "json_schema" and not isinstance(value.get("json_schema"), dict):
        raise refuse(name, "needs json_schema to be an object")
    return value


def prompts(name: str, value: Json) -> Json:
    """A check for a string, token ids, or up to 128 of either."""
    if isinstance(value, str) or _is_token_ids(value):
        return value
    listed = value if isinstance(value, list) else []
    is_uniform = all(isinstance(one, str) for one in listed) or all(map(_is_token_ids, listed))
    if not 1 <= len(listed) <= MOST_PROMPTS or not is_uniform:
        raise refuse(name, f"must be text, token ids, or a list of 1 to {MOST_PROMPTS} of either")
    return value


def count_prompts(value: Json) -> int:
    """How many sequences the checked prompt `value` asks for."""
    return 1 if isinstance(value, str) or _is_token_ids(value) else len(value)


def _is_token_ids(value: Json) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(type(token) is int and 0 <= token < 1 << 31 for token in value)
    )
