"""Every shape of callable, and how it is called."""

from __future__ import annotations

import sys
import unittest
from concurrent.futures import ThreadPoolExecutor
from typing import Callable

from harness import TestCase

SHAPES = {
    "a function": "def handler(input): return [input]",
    "an async function": "async def handler(input): return [input]",
    "a lambda": "handler = lambda input: [input]",
    "a partial": "from functools import partial\ndef f(a, input): return [input]\nhandler = partial(f, 1)",
    "a partial of an async function": (
        "from functools import partial\nasync def f(a, input): return [input]\nhandler = partial(f, 1)"
    ),
    "a callable instance": "class H:\n    def __call__(self, input): return [input]\nhandler = H()",
    "an async callable instance": "class H:\n    async def __call__(self, input): return [input]\nhandler = H()",
    "a class with __call__": "class handler:\n    def __call__(self, input): return [input]",
    "a bound method": "class H:\n    def run(self, input): return [input]\nhandler = H().run",
    "a decorated function": (
        "import functools\ndef deco(f):\n    @functools.wraps(f)\n    def inner(*a, **k): return f(*a, **k)\n"
        "    return inner\n@deco\ndef handler(input): return [input]"
    ),
    "a sync wrapper of an async function": (
        "def deco(f):\n    def inner(input): return f(input)\n    return inner\n"
        "@deco\nasync def handler(input): return [input]"
    ),
    "a generator": "def handler(input): yield input",
    "an async generator": "async def handler(input): yield input",
    "a coroutine returning a generator": "async def handler(input):\n    return (x for x in [input])",
    "a coroutine returning an async generator": (
        "async def gen(input): yield input\nasync def handler(input): return gen(input)"
    ),
    "a function returning an async generator": (
        "async def gen(input): yield input\ndef handler(input): return gen(input)"
    ),
    "a function returning an iterator": "def handler(input): return iter([input])",
    "a builtin": "handler = lambda input, f=list: f([input])",
    "extra parameters with defaults": "def handler(input, model='x', *, loud=False): return [input]",
    "only *args": "def handler(*args): return list(args)",
}


class Shapes(TestCase):
    def test_an_agent_is_made_once_set_up_before_ready_and_torn_down(self) -> None:
        source = """
            class Agent:
                made = 0
                def __init__(self): Agent.made += 1
                async def setup(self): self.ready = True
                def run(self, input): return [self.ready, Agent.made]
                async def teardown(self): print("torn down")
        """
        for concurrency in (10, 1):
            with self.subTest(concurrency=concurrency):
                agent = self.agent({"main.py": source}, type="agent", attr="Agent", concurrency=concurrency)
                agent.ready()
                agent.output(1)
                self.assertEqual(agent.output(1), [True, 1])
                self.assertEqual(agent.terminate(), 0)
                agent.wait_line("torn down")

    def test_static_class_and_inherited_methods_run(self) -> None:
        source = """
            class Base:
                def run(self, input): return "base"
            class Inherited(Base): pass
            class Static:
                @staticmethod
                def run(input): return "static"
            class Class:
                @classmethod
                async def run(cls, input): return cls.__name__
            instance = Static()
        """
        for attribute, expected in (
            ("Inherited", "base"),
            ("Static", "static"),
            ("Class", "Class"),
            ("instance", "static"),
        ):
            with self.subTest(attribute):
                agent = self.agent({"main.py": source}, type="agent", attr=attribute).ready()
                self.assertEqual(agent.output(1), expected)

    def test_a_dotted_attribute_and_a_factory_are_found(self) -> None:
        source = """
            class Box:
                def inner(self, input): return "dotted"
            box = Box()
            def make(): return lambda input: "made"
        """
        self.assertEqual(self.handler(source, attr="box.inner").output(1), "dotted")
        self.assertEqual(self.handler(source, attr="make", factory=True).output(1), "made")

    def test_context_is_given_to_those_who_name_it(self) -> None:
        source = """
            def tell(context):
                return [context.request_id, context.headers["x-more"], 0 < context.remaining() <= 5,
                        context.cancelled, context.trace]
            def handler(input, context): return tell(context)
            def keyword(input, *, context): return tell(context)
            async def coroutine(input, context=None): return tell(context)
            def items(input, context): yield from tell(context)
        """
        trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        for attribute in ("handler", "keyword", "coroutine", "items"):
            with self.subTest(attribute):
                agent = self.handler(source, attr=attribute)
                told = agent.output(
                    1, X_Request_Id="r-7", X_More="yes", X_Oken_Timeout_Ms="5000", traceparent=trace
                )
                self.assertEqual(told, ["r-7", "yes", True, False, {"traceparent": trace}])

    def test_annotations_may_name_what_is_there_for_type_checkers_alone(self) -> None:
        # CPython 3.14 puts their evaluation off by itself.
        future = "" if sys.version_info >= (3, 14) else "from __future__ import annotations\n"
        source = (
            f"{future}TYPE_CHECKING = False\nif TYPE_CHECKING: from nowhere import Thing\n"
            "def handler(input: Thing, context: Thing) -> Thing: return [input, ready]\n"
            "def setup() -> Thing:\n    global ready\n    ready = True\n"
        )
        for concurrency in (10, 1):
            self.assertEqual(self.handler(source, concurrency=concurrency).output(1), [1, True])

    def test_ten_requests_are_inside_at_once_by_default(self) -> None:
        for source in (
            "import threading\nall_here = threading.Barrier(10)\ndef handler(input): return all_here.wait(20) >= 0",
            """
            import asyncio
            inside, all_here = [], asyncio.Event()
            async def handler(input):
                inside.append(input)
                if len(inside) == 10: all_here.set()
                return await asyncio.wait_for(all_here.wait(), 20)
            """,
        ):
            agent = self.handler(source)
            with ThreadPoolExecutor(10) as pool:
                self.assertEqual(list(pool.map(agent.output, range(10))), [True] * 10)

    def test_sync_handlers_have_the_variables_of_import_and_setup_and_a_loop(self) -> None:
        source = """
            import asyncio, contextvars, decimal
            decimal.getcontext().prec = 5
            VARIABLE = contextvars.ContextVar("variable", default="none")
            async def setup(): VARIABLE.set("of setup")
            async def later(): return await asyncio.sleep(0, "awaited")
            def handler(input):
                before = VARIABLE.get()
                VARIABLE.set("of a request")
                loop = asyncio.get_event_loop()
                asyncio.run(later())
                again = asyncio.get_event_loop().run_until_complete(later())
                return [before, str(decimal.Decimal(1) / 3), loop is not None, again]
        """
        for concurrency in (1, 3):
            with self.subTest(concurrency):
                agent = self.handler(source, concurrency=concurrency)
                for _ in range(3):
                    self.assertEqual(agent.output(1), ["of setup", "0.33333", True, "awaited"])


def answers(source: str, concurrency: int) -> Callable[[TestCase], None]:
    def test(self: TestCase) -> None:
        agent = self.handler(source, concurrency=concurrency)
        self.assertEqual(agent.output({"a": "ä"}), [{"a": "ä"}])

    return test


# A test for each: as one they would go on long after all others.
for shape, code in SHAPES.items():
    for at_a_time in (10, 1):
        setattr(Shapes, f"test_{shape}_answers_{at_a_time}_at_a_time", answers(code, at_a_time))


if __name__ == "__main__":
    unittest.main()
