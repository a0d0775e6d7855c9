"""Agents of SDKs, by stand-ins for what the SDKs are seen to be: a package of their name, and the methods used."""

from __future__ import annotations

import json
import unittest
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from harness import Agent, Answer, TestCase

GRAPH = """
    import asyncio

    class Message:
        def __init__(self, type, content):
            self.type = type
            self.content = content

    class Graph:
        checkpointer = None
        keys = ["messages"]
        def get_state(self, config): ...
        def get_input_jsonschema(self):
            return {"properties": {key: {} for key in self.keys}}
        async def ainvoke(self, input, config, **more):
            try:
                if input == {"messages": "wait"}:
                    print("waits", flush=True)
                    await asyncio.sleep(60)
            except asyncio.CancelledError:
                print("was cancelled", flush=True)
                raise
            return {"input": input, "thread": config["configurable"]["thread_id"], **more}
        async def astream(self, input, config, stream_mode, **more):
            yield "values", input
            yield "messages", (Message("AIMessageChunk", "He"), {})
            yield "messages", (Message("AIMessageChunk", [{"type": "text", "text": "llo"}]), {})
            yield "messages", (Message("human", "no"), {})
            yield "updates", {"node": {"answer": 1}}
            yield "custom", "mine"
            yield "values", {"answer": 1}

    class Meeting(Graph):
        async def ainvoke(self, input, config):
            return await asyncio.get_running_loop().run_in_executor(None, self.barrier.wait, 20)

    class Keyed(Graph):
        def __init__(self, *keys):
            self.keys = keys

    class Sync(Graph):
        class checkpointer:
            async def aget_tuple(self): raise NotImplementedError
        checkpointer = checkpointer()
        ainvoke = astream = None
        def __init__(self): self.ainvoke = None
        def invoke(self, input, config): return input
        def stream(self, input, config, stream_mode):
            yield "values", {"answer": 2}

    class StateGraph:
        def add_node(self): ...
        def compile(self): return Graph()
"""
STEPS = """
    import time

    class MultiStepAgent:
        memory = ()
        inside = 0
        def run(self, task, stream=False):
            self.inside += 1
            try:
                if task == "wait":
                    print("waits", flush=True)
                    time.sleep(60)
                time.sleep(0.05)
                return iter([task, self.inside]) if stream else self.inside
            finally:
                self.inside -= 1
"""
USER = {"role": "user", "content": "hi"}


class Sdks(TestCase):
    def graph(self, source: str, **spec: Any) -> Agent:
        files = {"langgraph/__init__.py": GRAPH, "main.py": f"from langgraph import *\n{source}\n"}
        return self.agent(files, type="agent", attr="graph", **spec).ready()

    def body(self, agent: Agent, **body: Any) -> Any:
        answer = agent.request("POST", "/invoke", json.dumps(body).encode())
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json["output"]

    def test_a_graph_gets_the_input_in_its_own_form(self) -> None:
        agent = self.graph("graph = Graph()")
        messages = {"messages": [USER]}
        for given in ("hi", [USER], messages, {"message": "hi"}, {"query": "hi", "session_id": "7"}):
            with self.subTest(given=given):
                self.assertEqual(agent.output(given)["input"], messages)
        self.assertEqual(agent.output({"other": 1})["input"], {"other": 1})

    def test_a_graph_with_keys_of_its_own_gets_a_text_only_where_one_fits(self) -> None:
        self.assertEqual(self.graph("graph = Keyed('topic')").output("hi")["input"], {"topic": "hi"})
        several = self.graph("graph = Keyed('topic', 'language')")
        self.assertEqual(several.output({"topic": "hi"})["input"], {"topic": "hi"})
        answer = several.invoke("hi")
        self.assertEqual(answer.status, 400)
        self.assertEqual(
            answer.json["error"], "the input must be an object with the graph's keys: topic, language"
        )

    def test_the_thread_is_named_in_the_input_or_beside_it(self) -> None:
        agent = self.graph("graph = Graph()")
        self.assertEqual(self.body(agent, input="hi", thread_id="a")["thread"], "a")
        self.assertEqual(self.body(agent, input={"message": "hi", "session_id": 5})["thread"], "5")
        config = {"configurable": {"thread_id": "c"}}
        self.assertEqual(self.body(agent, input="hi", config=config)["thread"], "c")
        fresh = {self.body(agent, input="hi")["thread"] for _ in range(2)}
        self.assertEqual(len(fresh), 2)
        self.assertEqual(self.body(agent, input="hi", context={"user": 1})["context"], {"user": 1})

    def test_a_stream_tells_texts_steps_and_the_output(self) -> None:
        agent = self.graph("graph = Graph()")
        answer = agent.invoke("hi", Accept="text/event-stream")
        self.assertEqual(
            events(answer),
            [
                {"type": "text", "text": "He"},
                {"type": "text", "text": "llo"},
                {"type": "step", "name": "update", "data": {"node": {"answer": 1}}},
                {"type": "step", "name": "custom", "data": "mine"},
                {"type": "output", "output": {"answer": 1}},
            ],
        )

    def test_a_graph_whose_threads_are_kept_without_async_runs_on_a_thread(self) -> None:
        for concurrency in (1, 10):
            agent = self.graph("graph = Sync()", concurrency=concurrency)
            self.assertEqual(agent.output("hi"), {"messages": [USER]})
            answer = agent.invoke("hi", Accept="text/event-stream")
            self.assertEqual(events(answer), [{"type": "output", "output": {"answer": 2}}])

    def test_a_graph_that_was_not_compiled_is(self) -> None:
        self.assertEqual(self.graph("graph = StateGraph()").output("hi")["input"], {"messages": [USER]})

    def test_what_a_graph_does_on_threads_is_not_held_up(self) -> None:
        agent = self.graph(
            "import threading\ngraph = Meeting()\ngraph.barrier = threading.Barrier(40)", concurrency=40
        )
        with ThreadPoolExecutor(40) as pool:
            self.assertEqual(sorted(pool.map(agent.output, ["hi"] * 40)), list(range(40)))

    def test_a_function_that_makes_a_graph_may_be_async(self) -> None:
        agent = self.graph("async def graph(): return Graph()", factory=True)
        self.assertEqual(agent.output("hi")["input"], {"messages": [USER]})

    def test_a_cancel_reaches_the_graph(self) -> None:
        agent = self.graph("graph = Graph()")
        with agent.invoking({"messages": "wait"}):
            agent.wait_line("waits")
        agent.wait_line("was cancelled")

    def test_an_agent_that_changes_while_it_answers_takes_one_call_at_a_time(self) -> None:
        files = {
            "smolagents/__init__.py": STEPS,
            "main.py": "from smolagents import *\nit = MultiStepAgent()\n",
        }
        # As a handler: of an agent, `run` would be the author's own.
        agent = self.agent(files, attr="it").ready()
        with ThreadPoolExecutor(4) as pool:
            self.assertEqual(list(pool.map(agent.output, ["hi"] * 4)), [1] * 4)
        answer = agent.invoke([USER, USER], Accept="text/event-stream")
        self.assertEqual(events(answer), [{"type": "output", "output": 1}])
        with agent.invoking("wait"):
            agent.wait_line("waits")
        # The main thread, where a call that blocks can be interrupted too.
        self.assertEqual(agent.output("hi"), 1)
        self.assertFalse(any("is replaced" in line["msg"] for line in agent.lines))

    def test_a_package_of_the_agents_that_is_named_like_an_sdk_is_none(self) -> None:
        source = "class Agent:\n    def run(self, input): return [input]"
        files = {"agents.py": source, "main.py": "from agents import Agent\nbot = Agent()\n"}
        self.assertEqual(self.agent(files, type="agent", attr="bot").ready().output("hi"), ["hi"])

    def test_what_the_author_calls_run_wins(self) -> None:
        source = "class Mine(Graph):\n    def run(self, input): return 'mine'\ngraph = Mine()"
        self.assertEqual(self.graph(source).output("hi"), "mine")

    def test_what_no_sdk_knows_is_refused_with_the_handler_around_it(self) -> None:
        source = "from other import Other\ngraph = Other()"
        for named, call in (
            ("chat", "return graph.chat(input)"),
            ("x", "...  # asks graph, and returns its answer"),
        ):
            for type in ("agent", "handler"):
                with self.subTest(named=named, type=type):
                    files = {"other.py": f"class Other:\n    def {named}(self, x): ...\n", "main.py": source}
                    health = self.agent(files, type=type, attr="graph").wait_state("failed")
                    self.assertIn(
                        "and belongs to no known SDK: write a handler around it in main.py: "
                        f"def handler(input): {call}",
                        health["message"],
                    )


def events(answer: Answer) -> list[Any]:
    """The items of a whole SSE answer."""
    parts = answer.body.decode().split("\n\n")
    return [json.loads(part.split("data: ", 1)[1]) for part in parts if "event: data\n" in part]


if __name__ == "__main__":
    unittest.main()
