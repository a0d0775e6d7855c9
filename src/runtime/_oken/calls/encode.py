"""JSON in and out. What Python's encoder does not know is turned into JSON here or named with its path."""

from __future__ import annotations

import base64
import json
import sys

from ..agent.request import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..agent.request import Request

# Paths in messages start with it: `output.items[3].price`.
ROOT = "output"
MAX_DEPTH = 500


class OutputError(TypeError):
    """The agent answered with something that has no JSON form."""


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_decode = json.JSONDecoder(parse_constant=_no_constant).decode


def take_input(request: Request) -> Any:
    """The `input` of a request's body, which then holds no more memory. Raises InputError."""
    body, request.body = request.body, b""
    try:
        value = _decode(body.decode("utf-8"))
    except UnicodeDecodeError:
        raise InputError("the body is not UTF-8") from None
    except RecursionError:
        raise InputError("the body is nested too deeply") from None
    except ValueError as error:
        raise InputError(f"the body is not JSON: {error}") from None
    if type(value) is not dict or "input" not in value:
        raise InputError('the body must be a JSON object with the key "input"')
    found = value.pop("input")
    request.beside = value
    return found


def encode(value: Any) -> bytes:
    """JSON without line breaks, in UTF-8. Raises OutputError, which names path and type."""
    try:
        text = _encoder.encode(value)
    except (TypeError, ValueError, RecursionError):
        # Slower, but it turns keys into strings and names the place of what has no JSON form.
        text = _encoder.encode(_plain(value, ROOT, []))
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        # Half a surrogate pair: legal in JSON only as an escape.
        return json.dumps(json.loads(text)).encode("ascii")


def convert(value: Any) -> Any:
    """One step from a Python value to something closer to JSON. Raises TypeError for unknown types."""
    kind = type(value)
    modules = sys.modules
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, (set, frozenset, range)):
        return list(value)
    # pydantic 2, then 1.
    if hasattr(kind, "model_dump") and hasattr(kind, "model_fields"):
        return value.model_dump(mode="json", by_alias=True)
    if hasattr(kind, "__fields__") and hasattr(kind, "parse_obj"):
        return value.dict(by_alias=True)
    if hasattr(kind, "__dataclass_fields__"):
        return {
            name: getattr(value, name)
            for name, field in kind.__dataclass_fields__.items()
            if _is_field(field)
        }
    if hasattr(kind, "__attrs_attrs__"):
        return {field.name: getattr(value, field.name) for field in kind.__attrs_attrs__}
    if _is_a(value, "enum", "Enum"):
        return value.value
    for module, name in _AS_TEXT:
        if _is_a(value, module, name):
            return str(value)
    for module, name in _AS_ISO:
        if _is_a(value, module, name):
            return value.isoformat()
    if _is_a(value, "datetime", "timedelta"):
        return value.total_seconds()
    if _is_a(value, "collections", "deque"):
        return list(value)
    if "numpy" in modules and kind.__module__.partition(".")[0] == "numpy" and hasattr(value, "tolist"):
        return value.tolist()
    if _is_a(value, "collections.abc", "Mapping"):
        return dict(value)
    if isinstance(value, (type({}.keys()), type({}.values()), type({}.items()))):
        return list(value)
    raise TypeError(type_name(value))


_AS_TEXT = (
    ("uuid", "UUID"),
    ("decimal", "Decimal"),
    ("pathlib", "PurePath"),
    ("ipaddress", "IPv4Address"),
    ("ipaddress", "IPv6Address"),
    ("fractions", "Fraction"),
)
_AS_ISO = (("datetime", "date"), ("datetime", "time"))

_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=convert)


def type_name(value: Any) -> str:
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _is_a(value: Any, module: str, name: str) -> bool:
    # A module that nobody imported has no instances; so nothing is imported here.
    loaded = sys.modules.get(module)
    kind = getattr(loaded, name, None)
    return isinstance(kind, type) and isinstance(value, kind)


def _is_field(field: Any) -> bool:
    return getattr(getattr(field, "_field_type", None), "name", "_FIELD") == "_FIELD"


def _plain(value: Any, path: str, above: list[int]) -> Any:
    if value is None or (isinstance(value, (str, bool, int)) and not _is_a(value, "enum", "Enum")):
        return value
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise OutputError(f"{path} is {value!r}, which JSON does not have")
        return value
    if id(value) in above:
        raise OutputError(f"{path} contains itself")
    if len(above) > MAX_DEPTH:
        raise OutputError(f"{path[:200]}… is nested more than {MAX_DEPTH} deep")
    above.append(id(value))
    try:
        if isinstance(value, dict):
            return {_key(key, path): _plain(item, _member(path, key), above) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [_plain(item, f"{path}[{index}]", above) for index, item in enumerate(value)]
        try:
            closer = convert(value)
        except TypeError as error:
            if str(error) != type_name(value):
                raise OutputError(
                    f"{path} ({type_name(value)}) could not be turned into JSON: {error}"
                ) from None
            todo = ": await it" if hasattr(value, "__await__") else ""
            raise OutputError(f"{path} is of type {type_name(value)}, which has no JSON form{todo}") from None
        return _plain(closer, path, above)
    finally:
        above.pop()


def _member(path: str, key: Any) -> str:
    return f"{path}.{key}" if isinstance(key, str) and key.isidentifier() else f"{path}[{key!r}]"


def _key(key: Any, path: str) -> str | int | float | bool | None:
    if key is None or isinstance(key, (str, int, float, bool)):
        plain: str | int | float | bool | None = convert(key) if _is_a(key, "enum", "Enum") else key
        return plain
    try:
        closer = convert(key)
    except TypeError:
        closer = None
    if isinstance(closer, (str, int, float, bool)):
        return closer
    raise OutputError(f"{path} has a key that is a {type_name(key)}; JSON has only strings")
