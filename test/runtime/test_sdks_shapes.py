"""Agents of SDKs as their templates have them: classes, functions that make them, and what is around them."""

from __future__ import annotations

import json
from typing import Any

from harness import Agent, TestCase
from test_sdks import GRAPH, events

CREWAI = """
    class Crew:
        def fetch_inputs(self): return {"topic"}
        def copy(self): return Crew()
        async def akickoff(self, inputs): return inputs

    class Flow:
        stream = None
        def __init__(self): self.seen = []
        async def kickoff_async(self, inputs):
            self.seen.append(inputs)
            return self.seen

    class Meta(type): ...

    def CrewBase(kind):
        return Meta(kind.__name__, kind.__bases__, {**vars(kind), "is_crew_class": True})
"""
CREWAI_MAIN = """
    from crewai import *

    @CrewBase
    class Research:
        def crew(self): return Crew()

    class Poem(Flow): ...

    class Mine(Flow):
        def run(self, input): return "mine"
"""
AGENTCORE = """
    import json

    class BedrockAgentCoreApp:
        def __init__(self): self.handlers = {}
        def entrypoint(self, function):
            self.handlers["main"] = function
            return function
        def run(self): raise SystemExit("it would serve")
        def _safe_serialize_to_json_string(self, item): return json.dumps(item, default=str)
"""
AGENTCORE_CONTEXT = """
    class RequestContext:
        def __init__(self, session_id): self.session_id = session_id
"""
AGENTCORE_MAIN = """
    from bedrock_agentcore.runtime.app import BedrockAgentCoreApp
    app = BedrockAgentCoreApp()
    @app.entrypoint
    %s
    app.run()
"""
ENGINES = """
    class Response:
        def __init__(self, text): self.response = text

    class Streams:
        async def async_response_gen(self):
            yield "a"
            yield "b"

    class Queries:
        async def aquery(self, text): return Streams() if text == "stream" else Response(text.upper())

    class Chats:
        chat_history = ()
        async def achat(self, text, chat_history):
            said = [*chat_history, text]
            self.chat_history = said
            return Response("|".join(getattr(one, "content", one) for one in said))
"""
LLMS = """
    class ChatMessage:
        def __init__(self, role, content): self.role, self.content = role, content
"""


class Shapes(TestCase):
    def named(self, files: dict[str, str], attr: str, **spec: Any) -> Agent:
        return self.agent(files, type="agent", attr=attr, **spec).ready()

    def say(self, agent: Agent, **body: Any) -> Any:
        answer = agent.request("POST", "/invoke", json.dumps(body).encode())
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json["output"]

    def test_classes_of_crewai_are_made_without_arguments(self) -> None:
        files = {"crewai.py": CREWAI, "main.py": CREWAI_MAIN}
        self.assertEqual(self.named(files, "Research").output("frogs"), {"topic": "frogs"})
        poem = self.named(files, "Poem")
        for topic in ("one", "two"):
            # A flow keeps its state: each call has one of its own.
            self.assertEqual(poem.output({"topic": topic}), [{"topic": topic}])
        self.assertEqual(self.named(files, "Mine").output(0), "mine")

    def test_a_function_may_take_the_config_that_a_graph_is_made_for(self) -> None:
        source = "from langgraph import *\ndef make(config):\n    config['configurable']['x'] = 1\n    return Graph()\n"
        agent = self.named({"langgraph/__init__.py": GRAPH, "main.py": source}, "make", factory=True)
        self.assertEqual(agent.output({"messages": []})["input"], {"messages": []})

    def agentcore(self, function: str) -> Agent:
        files = {
            "bedrock_agentcore/__init__.py": "",
            "bedrock_agentcore/runtime/__init__.py": "",
            "bedrock_agentcore/runtime/app.py": AGENTCORE,
            "bedrock_agentcore/runtime/context.py": AGENTCORE_CONTEXT,
            "main.py": AGENTCORE_MAIN % function,
        }
        return self.named(files, "app")

    def test_a_function_of_agentcore_gets_its_payload_and_its_server_does_not_start(self) -> None:
        agent = self.agentcore("def invoke(payload): return {'asked': payload['prompt'], 'by': object}")
        self.assertEqual(
            self.say(agent, input={"prompt": "hi"}, session_id="a"), {"asked": "hi", "by": "<class 'object'>"}
        )
        agent = self.agentcore("async def invoke(payload, context): return [payload, context.session_id]")
        self.assertEqual(self.say(agent, input={"prompt": "hi"}, session_id="a"), [{"prompt": "hi"}, "a"])

    def test_what_a_function_of_agentcore_yields_is_streamed(self) -> None:
        for kind in ("async def", "def"):
            with self.subTest(kind):
                agent = self.agentcore(f"{kind} invoke(payload):\n        yield 1\n        yield payload")
                self.assertEqual(agent.output("hi"), [1, "hi"])
                self.assertEqual(events(agent.invoke("hi", Accept="text/event-stream")), [1, "hi"])

    def test_engines_of_llamaindex_answer_with_a_text_and_keep_callers_apart(self) -> None:
        files = {
            "llama_index/__init__.py": "",
            "llama_index/core/__init__.py": ENGINES,
            "llama_index/core/llms.py": LLMS,
            "main.py": "from llama_index.core import *\nqueries = Queries()\nchats = Chats()\n",
        }
        queries = self.named(files, "queries")
        self.assertEqual(queries.output("hi"), "HI")
        self.assertEqual(queries.output("stream"), "ab")
        chats = self.named(files, "chats")
        self.assertEqual(self.say(chats, input="one", session_id="a"), "one")
        self.assertEqual(self.say(chats, input="two"), "two")
        self.assertEqual(self.say(chats, input="three", session_id="a"), "one|three")
        said = [{"role": "user", "content": "x"}, {"role": "user", "content": "y"}]
        self.assertEqual(chats.output(said), "x|y")
