"""Agents of SDKs that hold their conversation, or tell of their work by calling: by stand-ins for both."""

from __future__ import annotations

import json
from typing import Any

from harness import Agent, TestCase
from test_sdks import USER, events

STRANDS = """
    import asyncio

    class Result:
        structured_output = None
        def __init__(self, text): self.message = {"content": [{"text": text}]}

    class Agent:
        def __init__(self): self.messages = []
        async def invoke_async(self, text):
            self.messages.append({"role": "user", "content": [{"text": text}]})
            said = "|".join(m["content"][0]["text"] for m in self.messages)
            self.messages.append({"role": "assistant", "content": [{"text": "."}]})
            return Result(said)
        async def stream_async(self, text):
            try:
                use = {"toolUseId": "1", "name": "add", "input": {"a": 1}}
                yield {"message": {"content": [{"toolUse": use}]}}
                done = {"toolUseId": "1", "content": [{"json": 3}]}
                yield {"message": {"content": [{"toolResult": done}]}}
                yield {"data": "He"}
                if text == "wait":
                    print("waits", flush=True)
                    await asyncio.sleep(60)
                yield {"result": await self.invoke_async(text)}
            except asyncio.CancelledError:
                print("was cancelled", flush=True)
                raise
"""
AUTOGEN = """
    class ModelClientStreamingChunkEvent:
        source = "bot"
        def __init__(self, content): self.content = content

    class TextMessage:
        type = "TextMessage"
        def __init__(self, content, source): self.content, self.source = content, source

    class TaskResult:
        stop_reason = "enough"
        def __init__(self, *messages): self.messages = messages

    class Team:
        def __init__(self): self.heard = []
        async def save_state(self): return list(self.heard)
        async def load_state(self, state): self.heard = list(state)
        async def run_stream(self, task, cancellation_token):
            self.heard.append(task if isinstance(task, str) else task[-1].content)
            yield TextMessage(task, "user")
            yield ModelClientStreamingChunkEvent("a")
            yield TextMessage("a", "bot")
            said = TextMessage("|".join(self.heard), "bot")
            yield said
            yield TaskResult(said)

    class Agent(Team):
        def on_messages(self): ...
"""
HAYSTACK = """
    import asyncio

    class Chunk:
        tool_calls = tool_call_result = finish_reason = None
        def __init__(self, content): self.content = content

    class Agent:
        chat_generator = None
        async def run_async(self, messages, streaming_callback=None):
            try:
                if streaming_callback:
                    await streaming_callback(Chunk("He"))
                    await streaming_callback(Chunk("llo"))
                if messages[-1].text == "wait":
                    print("waits", flush=True)
                    await asyncio.sleep(60)
                return {"messages": messages}
            except asyncio.CancelledError:
                print("was cancelled", flush=True)
                raise

    class Pipeline:
        def __init__(self, *names):
            self.names = names
        def add_component(self): ...
        def inputs(self):
            return {"prompt": {name: {"type": str, "is_mandatory": True} for name in self.names}}
        def run(self, data): return data
"""
MESSAGE = """
    class ChatMessage:
        def __init__(self, role, text): self.role, self.text = role, text
        def to_dict(self): return {self.role: self.text}
        from_user = classmethod(lambda cls, text: cls("user", text))
        from_assistant = classmethod(lambda cls, text: cls("assistant", text))
        from_system = classmethod(lambda cls, text: cls("system", text))
"""
TALK = [USER, {"role": "assistant", "content": "yes"}, {"role": "user", "content": "so"}]


class Sessions(TestCase):
    def sdk(self, package: dict[str, str], make: str, **spec: Any) -> Agent:
        (name,) = {path.split("/")[0] for path in package}
        files = {**package, "main.py": f"import {name}\nit = {name}.{make}\n"}
        return self.agent(files, attr="it", **spec).ready()

    def say(self, agent: Agent, text: str, session: str = "") -> Any:
        body = {"input": text, "session_id": session} if session else {"input": text}
        answer = agent.request("POST", "/invoke", json.dumps(body).encode())
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json["output"]

    def test_an_agent_of_strands_remembers_what_was_said_in_a_session_and_no_other(self) -> None:
        agent = self.sdk({"strands/__init__.py": STRANDS}, "Agent()")
        self.assertEqual(self.say(agent, "one", "a"), "one")
        self.assertEqual(self.say(agent, "two", "b"), "two")
        self.assertEqual(self.say(agent, "three", "a"), "one|.|three")
        self.assertEqual(self.say(agent, "four"), "four")
        self.assertEqual(self.say(agent, "five"), "five")
        self.assertEqual(agent.output(TALK), "hi|yes|so")

    def test_an_agent_of_strands_tells_of_its_tools_and_its_words(self) -> None:
        agent = self.sdk({"strands/__init__.py": STRANDS}, "Agent()")
        call = {"id": "1", "tool": "add", "arguments": {"a": 1}}
        self.assertEqual(
            events(agent.invoke("hi", Accept="text/event-stream")),
            [
                {"type": "step", "name": "tool_call", "data": call},
                {"type": "step", "name": "tool_result", "data": {"id": "1", "tool": "add", "result": 3}},
                {"type": "text", "text": "He"},
                {"type": "output", "output": "hi"},
            ],
        )

    def test_who_leaves_a_stream_cancels_what_makes_it(self) -> None:
        haystack = {"haystack/__init__.py": HAYSTACK, "haystack/dataclasses.py": MESSAGE}
        for package in ({"strands/__init__.py": STRANDS}, haystack):
            agent = self.sdk(package, "Agent()")
            with self.subTest(package=package), agent.invoking("wait", Accept="text/event-stream"):
                agent.wait_line("waits")
            agent.wait_line("was cancelled")

    def test_an_agent_of_autogen_begins_where_its_session_ended(self) -> None:
        package = {
            "autogen_agentchat/__init__.py": AUTOGEN,
            "autogen_agentchat/messages.py": "from autogen_agentchat import TextMessage",
            "autogen_core.py": "class CancellationToken:\n    def cancel(self): ...\n",
        }
        files = {**package, "main.py": "from autogen_agentchat import *\nit = Agent()\nteam = Team()\n"}
        agent = self.agent(files, type="agent", attr="it").ready()
        self.assertEqual(self.say(agent, "one", "a"), "one")
        self.assertEqual(self.say(agent, "two"), "two")
        self.assertEqual(self.say(agent, "three", "a"), "one|three")
        self.assertEqual(agent.output(TALK), "so")
        self.assertEqual(
            events(agent.invoke("hi", Accept="text/event-stream")),
            [
                {"type": "text", "text": "a"},
                {
                    "type": "step",
                    "name": "message",
                    "data": {"source": "bot", "type": "TextMessage", "content": "hi"},
                },
                {"type": "output", "output": "hi"},
            ],
        )
        team = self.agent(files, type="agent", attr="team").ready()
        said = [{"source": "bot", "type": "TextMessage", "content": "hi"}]
        self.assertEqual(team.output("hi"), {"messages": said, "stop_reason": "enough"})

    def test_an_agent_of_haystack_gets_messages_and_tells_its_words(self) -> None:
        package = {"haystack/__init__.py": HAYSTACK, "haystack/dataclasses.py": MESSAGE}
        agent = self.sdk(package, "Agent()")
        said = {"messages": [{"user": "hi"}, {"assistant": "yes"}, {"user": "so"}]}
        self.assertEqual(agent.output(TALK), said)
        self.assertEqual(
            events(agent.invoke(TALK, Accept="text/event-stream")),
            [
                {"type": "text", "text": "He"},
                {"type": "text", "text": "llo"},
                {"type": "output", "output": said},
            ],
        )

    def test_a_pipeline_gets_its_data_and_a_text_only_where_one_fits(self) -> None:
        package = {"haystack/__init__.py": HAYSTACK}
        agent = self.sdk(package, "Pipeline('topic')")
        self.assertEqual(agent.output("cats"), {"topic": "cats"})
        self.assertEqual(agent.output({"prompt": {"topic": "cats"}}), {"prompt": {"topic": "cats"}})
        answer = self.sdk(package, "Pipeline('topic', 'mood')").invoke("cats")
        self.assertEqual(
            (answer.status, answer.json["error"]),
            (400, "the input must be an object with the pipeline's inputs: mood, topic"),
        )
