"""What becomes of the values that a handler gets and gives back."""

from __future__ import annotations

import unittest

from harness import TestCase


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
            async def ask(): ...
            def handler(input): return [ask()] if input == "coroutine" else CASES[input]
        """
        agent = self.handler(source)
        for case, expected in {
            "object": "output.items[1] is of type main.Thing, which has no JSON form",
            "nan": "output['a-b'] is nan, which JSON does not have",
            "key": "output has a key that is a tuple",
            "loop": "output[0] contains itself",
            "function": "output is of type builtin_function_or_method",
            "coroutine": "output[0] is of type coroutine, which has no JSON form: await it.",
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


if __name__ == "__main__":
    unittest.main()
