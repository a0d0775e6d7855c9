"""Every shape of callable, and what becomes of its answer."""

from __future__ import annotations

import unittest
from concurrent.futures import ThreadPoolExecutor

from harness import TestCase, wait_for

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
    def test_every_shape_answers(self) -> None:
        for concurrency in (10, 1):
            for name, source in SHAPES.items():
                with self.subTest(name, concurrency=concurrency):
                    agent = self.handler(source, concurrency=concurrency)
                    self.assertEqual(agent.output({"a": "ä"}), [{"a": "ä"}])
                    agent.__exit__()

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


class Values(TestCase):
    def test_python_values_become_json(self) -> None:
        source = """
            import collections, dataclasses, datetime, decimal, enum, pathlib, types, uuid
            class Color(enum.Enum): RED = "red"
            class Number(enum.IntEnum): ONE = 1
            @dataclasses.dataclass
            class Point:
                x: int
                when: datetime.date
            VALUES = [
                Point(1, datetime.date(2026, 1, 2)),
                datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.timezone.utc),
                datetime.timedelta(minutes=1), uuid.UUID(int=1), b"\\x00\\xff", decimal.Decimal("1.10"),
                Color.RED, Number.ONE, (1, 2), {3}, range(2), collections.deque([4]), pathlib.PurePosixPath("/a"),
                types.MappingProxyType({"k": None}), {uuid.UUID(int=2): 1, 5: 2, Color.RED: 3}, "\\ud800", {}.keys(),
            ]
            def handler(input): return VALUES
        """
        self.assertEqual(
            self.handler(source).output(1),
            [
                {"x": 1, "when": "2026-01-02"},
                "2026-01-02T03:04:00+00:00",
                60.0,
                "00000000-0000-0000-0000-000000000001",
                "AP8=",
                "1.10",
                "red",
                1,
                [1, 2],
                [3],
                [0, 1],
                [4],
                "/a",
                {"k": None},
                {"00000000-0000-0000-0000-000000000002": 1, "5": 2, "red": 3},
                "\ud800",
                [],
            ],
        )

    def test_models_of_both_pydantic_generations_become_json(self) -> None:
        # Stand-ins with the methods that the two generations have; the packages are not installed here.
        source = """
            import decimal
            class Two:
                model_fields = {}
                def model_dump(self, mode, by_alias): return {"mode": mode}
            class One:
                __fields__ = {}
                @classmethod
                def parse_obj(cls): ...
                def dict(self, by_alias): return {"price": decimal.Decimal("2.5")}
            def handler(input): return [Two(), One()]
        """
        self.assertEqual(self.handler(source).output(1), [{"mode": "json"}, {"price": "2.5"}])

    def test_what_has_no_json_form_is_named_with_path_and_type(self) -> None:
        source = """
            loop = []; loop.append(loop)
            class Thing: ...
            CASES = {
                "object": {"items": [1, Thing()]}, "nan": {"a-b": float("nan")}, "key": {(1, 2): 3},
                "loop": loop, "function": len,
            }
            def handler(input): return CASES[input]
        """
        agent = self.handler(source)
        for case, expected in {
            "object": "output.items[1] is of type main.Thing, which has no JSON form",
            "nan": "output['a-b'] is nan, which JSON does not have",
            "key": "output has a key that is a tuple",
            "loop": "output[0] contains itself",
            "function": "output is of type builtin_function_or_method",
        }.items():
            with self.subTest(case):
                answer = agent.invoke(case)
                self.assertEqual((answer.status, answer.json["code"]), (500, "INVOKE_FAILED"))
                self.assertIn(expected, answer.json["error"])

    def test_a_long_answer_arrives_whole(self) -> None:
        for concurrency in (10, 1):
            agent = self.handler("def handler(input): return 'ä' * input", concurrency=concurrency)
            self.assertEqual(agent.output(3_000_000), "ä" * 3_000_000)

    def test_a_long_input_arrives_whole(self) -> None:
        agent = self.handler("def handler(input): return len(input)")
        self.assertEqual(agent.output("x" * 20_000_000), 20_000_000)


class Errors(TestCase):
    def test_an_exception_names_type_message_file_and_line(self) -> None:
        files = {
            "main.py": "from pkg.deep import work\ndef handler(input): return work(input)\n",
            "pkg/__init__.py": "",
            "pkg/deep.py": "import json\n\ndef work(input):\n    return json.loads('{')\n",
        }
        for concurrency in (10, 1):
            agent = self.agent(files, concurrency=concurrency).ready()
            answer = agent.invoke(1, X_Request_Id="r-1")
            self.assertEqual(answer.status, 500)
            self.assertRegex(answer.json["error"], r"^JSONDecodeError: .*\(pkg/deep.py, line 4\)$")
            trace = answer.json["details"]["traceback"]
            self.assertIn("main.py", trace)
            self.assertNotIn("_oken", trace)
            self.assertEqual(agent.wait_line("JSONDecodeError")["request_id"], "r-1")

    def test_the_worker_survives_ordinary_exceptions(self) -> None:
        agent = self.handler(
            """
            class Strange(Exception):
                def __str__(self): raise RuntimeError
            def handler(input):
                if input == "strange": raise Strange()
                if input == "base": raise BaseException("base")
                if input == "stop": raise StopIteration("stop")
                if input == "keyboard": raise KeyboardInterrupt
                if input == "generator": raise GeneratorExit
                import os
                return os.getpid()
            """
        )
        before = agent.output("pid")
        for case in ("strange", "base", "stop", "keyboard", "generator"):
            with self.subTest(case):
                answer = agent.invoke(case)
                self.assertEqual((answer.status, answer.json["code"]), (500, "INVOKE_FAILED"))
        self.assertEqual(agent.output("pid"), before)

    def test_a_bad_body_is_the_callers_fault(self) -> None:
        agent = self.handler("def handler(input): return input")
        for body in (
            b"",
            b"{",
            b"[]",
            b'{"inputs": 1}',
            b'{"input": NaN}',
            b'{"input": "\xff"}',
            b"[" * 100000,
        ):
            with self.subTest(body[:20]):
                answer = agent.request("POST", "/invoke", body)
                self.assertEqual((answer.status, answer.json["code"]), (400, "INVALID_REQUEST"))

    def test_exit_calls_answer_500_and_a_new_worker(self) -> None:
        for concurrency in (10, 1):
            agent = self.handler(
                """
                import os, sys
                def handler(input):
                    if input == "sys": sys.exit(3)
                    if input == "os": os._exit(4)
                    return os.getpid()
                """,
                concurrency=concurrency,
            )
            for case, expected in (("sys", "sys.exit(3)"), ("os", "exited with code 4")):
                with self.subTest(case, concurrency=concurrency):
                    before = agent.output("pid")
                    answer = agent.invoke(case)
                    self.assertEqual((answer.status, answer.json["code"]), (500, "INVOKE_FAILED"))
                    self.assertIn(expected, answer.json["error"])
                    self.assertNotEqual(agent.output("pid"), before)

    def test_a_request_that_waited_behind_a_sys_exit_gets_the_new_worker(self) -> None:
        for kind in ("def", "async def"):
            with self.subTest(kind):
                agent = self.handler(
                    f"""
                    import os, sys, time
                    {kind} handler(input):
                        if input == "exit":
                            time.sleep(0.3)
                            sys.exit(3)
                        return os.getpid()
                    """,
                    concurrency=1,
                )
                before = agent.output("pid")
                with ThreadPoolExecutor(2) as pool:
                    exiting = pool.submit(agent.invoke, "exit")
                    wait_for(lambda agent=agent: agent.health()["in_flight"] == 1, "the first request")
                    waiting = pool.submit(agent.output, "pid")
                    self.assertEqual(exiting.result().status, 500)
                    self.assertNotEqual(waiting.result(), before)

    def test_a_killed_worker_is_told_as_out_of_memory(self) -> None:
        agent = self.handler(
            "import os, signal\ndef handler(input): os.kill(os.getpid(), signal.SIGKILL if input else signal.SIGSEGV)"
        )
        answer = agent.invoke(True)
        self.assertEqual((answer.status, answer.json["details"]["reason"]), (502, "oom"))
        self.assertIn("memory", answer.json["error"])
        answer = agent.invoke(False)
        self.assertEqual(answer.status, 500)
        self.assertIn("SIGSEGV", answer.json["error"])


if __name__ == "__main__":
    unittest.main()
