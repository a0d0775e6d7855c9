"""Finds the agent's callable after import and knows how to call it."""

from __future__ import annotations

import inspect

from . import imports
from .failures import PlainError, is_users
from .request import Context
from .signatures import signature

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any, Callable

    from ..spec import Spec
    from .request import Request

CONTEXT = "context"
# How objects that answer name what they do, the most usual first.
VERBS = ("invoke", "run", "chat", "ask", "query", "generate", "predict", "complete", "process", "execute")


class LoadError(PlainError):
    """The agent was imported, but what it has is not what was asked for."""


class Target:
    """The callable that answers requests, with the hooks around it."""

    def __init__(self, function: Callable[..., Any], label: str, owner: Any) -> None:
        self.function = function
        self.label = label
        self.is_async = is_async(function)
        self.kind = kind_of(function)
        # It bears one call at a time, whatever the concurrency.
        self.alone = False
        self.setup = _hook(owner, "setup")
        self.teardown = _hook(owner, "teardown")
        self._takes_input, self._context = _parameters(function, label)

    def call(self, value: Any, request: Request) -> Any:
        """Calls it with the input, and with the context where it takes one."""
        how = self._context
        if how is None:
            return self.function(value) if self._takes_input else self.function()
        context = Context(request)
        if how == "positional":
            return self.function(value, context)
        return self.function(value, context=context) if self._takes_input else self.function(context=context)


def resolve(spec: Spec) -> Any:
    """Imports the module and takes the attribute; a factory is called."""
    module = _import(spec)
    attribute = spec.attr or ("Agent" if spec.type == "agent" else "handler")
    value: Any = module
    for part in attribute.split("."):
        try:
            value = getattr(value, part)
        except AttributeError:
            raise LoadError(
                f"{spec.module} has no {attribute!r} after its import{_near(module, attribute)}"
            ) from None
    return _made_by(value) if spec.factory else value


def _made_by(factory: Callable[..., Any]) -> Any:
    """What a function makes that takes nothing, or a `config` of LangGraph's."""
    try:
        parameters = list(signature(factory).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    needed = [parameter.name for parameter in parameters if parameter.default is parameter.empty]
    return factory({"configurable": {}}) if needed == ["config"] else factory()


def _import(spec: Spec) -> ModuleType:
    try:
        return imports.load(spec.module, spec.app_dir)
    except ModuleNotFoundError as error:
        # A module that the agent itself imports is missing: the traceback says more.
        if error.name is None or not (spec.module + ".").startswith(error.name + "."):
            raise
        raise LoadError(f"there is no module {error.name!r} in the agent's files ({spec.file})") from None


def plain_target(value: Any, spec: Spec) -> Target:
    """The handler, or the method `run` of the one instance of an agent class."""
    label = spec.label()
    if spec.type == "agent":
        agent = value() if inspect.isclass(value) else value
        run = getattr(agent, "run", None)
        if not callable(run):
            raise LoadError(f"{label} has no method `run`{_wrapped(agent, spec)}")
        return Target(run, label + ".run", agent)
    if inspect.isclass(value):
        instance = value()
        if not callable(instance):
            raise LoadError(f"{label} is a class whose instances cannot be called{_wrapped(instance, spec)}")
        return Target(instance, label, instance)
    if not callable(value):
        raise LoadError(f"{label} is a {type(value).__name__}, which cannot be called{_wrapped(value, spec)}")
    return Target(value, label, imports.load(spec.module, spec.app_dir))


def is_own(value: Any, method: str, app_dir: str) -> bool:
    """Whether a method of an object, or of a class, is defined in the agent's files."""
    kind = value if inspect.isclass(value) else type(value)
    code = getattr(getattr(kind, method, None), "__code__", None)
    return code is not None and is_users(code.co_filename, app_dir)


def is_async(function: Callable[..., Any]) -> bool:
    """True when a call only makes a coroutine or async generator, so that it may run on the loop."""
    for candidate in _inner(function):
        if inspect.iscoroutinefunction(candidate) or inspect.isasyncgenfunction(candidate):
            return True
    return False


def kind_of(function: Callable[..., Any]) -> str:
    for candidate in _inner(function):
        if inspect.iscoroutinefunction(candidate):
            return "async"
        if inspect.isasyncgenfunction(candidate):
            return "async generator"
        if inspect.isgeneratorfunction(candidate):
            return "generator"
    return "sync"


def _inner(function: Any) -> list[Any]:
    """The callable itself and, of an instance, its `__call__`; for a `functools.partial`, what it calls."""
    while hasattr(function, "func") and hasattr(function, "keywords"):
        function = function.func
    if inspect.isfunction(function) or inspect.ismethod(function) or inspect.isbuiltin(function):
        return [function]
    return [function, getattr(type(function), "__call__", None)]  # noqa: B004 - the function is wanted, not an answer


def _parameters(function: Callable[..., Any], label: str) -> tuple[bool, str | None]:
    """Whether it takes the input, and whether and how it takes `context`."""
    try:
        parameters = list(signature(function).parameters.values())
    except (TypeError, ValueError):
        # A function of C without a signature: it gets the input alone.
        return True, None
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    variadic = any(p.kind == p.VAR_POSITIONAL for p in parameters)
    takes_input = bool(positional) or variadic
    context: str | None = None
    for index, parameter in enumerate(parameters):
        if parameter.name == CONTEXT and parameter.kind == parameter.KEYWORD_ONLY:
            context = "keyword"
        elif parameter.name == CONTEXT and parameter in positional and index > 0:
            context = "positional" if index == 1 else "keyword"
    needed = [p for p in positional[1:] if p.default is p.empty and p.name != CONTEXT]
    needed += [
        p for p in parameters if p.kind == p.KEYWORD_ONLY and p.default is p.empty and p.name != CONTEXT
    ]
    if needed:
        names = ", ".join(p.name for p in needed)
        raise LoadError(
            f"{label} needs {names} besides its input; it is called with the input "
            f"and, if it has a parameter of that name, `context`"
        )
    return takes_input, context


def _hook(owner: Any, name: str) -> Callable[[], Any] | None:
    """`setup` or `teardown` of an agent or of a handler's own module, if it takes no arguments."""
    hook = getattr(owner, name, None)
    if not callable(hook) or inspect.isclass(hook):
        return None
    if inspect.ismodule(owner) and getattr(hook, "__module__", None) != owner.__name__:
        # Something imported that happens to have the name, like setuptools' `setup`.
        return None
    try:
        signature(hook).bind()
    except (TypeError, ValueError):
        return None
    found: Callable[[], Any] = hook
    return found


def _near(module: ModuleType, attribute: str) -> str:
    import difflib

    names = [name for name in vars(module) if not name.startswith("_")]
    near = difflib.get_close_matches(attribute, names, 3, 0.6)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _wrapped(value: Any, spec: Spec) -> str:
    """How a handler around the object would look."""
    if type(value).__module__ == "builtins":
        return ""
    name = (spec.attr or "it").partition(".")[0] + ("()" if spec.factory else "")
    verb = next((verb for verb in VERBS if callable(getattr(value, verb, None))), None)
    body = f"return {name}.{verb}(input)" if verb else f"...  # asks {name}, and returns its answer"
    return (
        f", and belongs to no known SDK: write a handler around it in {spec.file}: def handler(input): {body}"
    )
