"""Agents of SDKs that a runner of the SDK runs: Google ADK, LlamaIndex and Agno, by stand-ins for each."""

from __future__ import annotations

import json
from typing import Any

from harness import Agent, TestCase
from test_sdks import USER, events
from test_sdks_sessions import TALK

# One class for each shape that an event or a part has: what is not given is None.
BAG = """
    class Bag:
        def __init__(self, **fields): self.__dict__.update(fields)
        def __getattr__(self, name):
            if name.startswith("__"): raise AttributeError(name)
"""
ADK = {
    "google/adk/__init__.py": "",
    "google/adk/bag.py": BAG,
    "google/adk/agents/__init__.py": """
        class Agent:
            name = "root"
            sub_agents = ()
            output_schema = None
    """,
    "google/adk/agents/run_config.py": """
        from google.adk.bag import Bag as RunConfig
        class StreamingMode: SSE, NONE = "sse", "none"
    """,
    "google/adk/events.py": "from google.adk.bag import Bag as Event",
    "google/adk/runners.py": """
        import asyncio
        from google.adk.bag import Bag
        from google.genai.types import Content, Part

        class Sessions:
            def __init__(self): self.kept = {}
            async def get_session(self, *, session_id, **where): return self.kept.get(session_id)
            async def create_session(self, *, session_id, state, **where):
                session = self.kept[session_id] = Bag(said=[], state=state)
                return session
            async def delete_session(self, *, session_id, **where): del self.kept[session_id]
            async def append_event(self, session, event): session.said.append(event.content.parts[0].text)

        def event(author, *parts, partial=False, final=False, error=None):
            content = Content(role="model", parts=list(parts))
            return Bag(author=author, content=content, partial=partial, error_message=error,
                       is_final_response=lambda: final)

        class InMemoryRunner:
            def __init__(self, agent, app_name): self.session_service = Sessions()
            async def run_async(self, *, user_id, session_id, new_message, run_config):
                session = self.session_service.kept[session_id]
                asked = new_message.parts[0].text
                session.said.append(asked)
                try:
                    if asked == "wait":
                        print("waits", flush=True)
                        await asyncio.sleep(60)
                except asyncio.CancelledError:
                    print("was cancelled", flush=True)
                    raise
                if asked == "fail":
                    yield event("root", error="the model refuses")
                    return
                if asked == "count":
                    yield event("root", Part(text=str(len(self.session_service.kept))), final=True)
                    return
                call = Bag(name="add", args={"a": 1}, id="1")
                yield event("root", Part(function_call=call))
                done = Bag(name="add", response={"sum": 3}, id="1")
                yield event("helper", Part(function_response=done))
                if run_config.streaming_mode == "sse":
                    yield event("helper", Part(text="|"), partial=True)
                yield event("helper", Part(text="|".join(session.said)), final=True)
    """,
    "google/genai/__init__.py": "",
    "google/genai/types.py": """
        from google.adk.bag import Bag
        Content = Part = Bag
    """,
}
LLAMA_INDEX = {
    "workflows/__init__.py": """
        import asyncio

        class Event:
            def __init__(self, **fields): self.__dict__.update(fields)
            def model_dump(self): return vars(self)

        class AgentStream(Event): ...
        class ToolCall(Event): ...
        class ToolCallResult(Event): ...
        class AgentOutput(Event): structured_response = None
        class StopEvent(Event): ...
        class Draft(Event): ...

        class Handler:
            def __init__(self, run, told, ctx):
                self.ctx, self._told, self._task = ctx, told, asyncio.ensure_future(run)
            def is_done(self): return self._task.done()
            async def cancel_run(self): self._task.cancel()
            def __await__(self): return self._task.__await__()
            async def stream_events(self):
                for item in self._told: yield item

        class Workflow:
            told = ()
            def add_step(self): ...
            def run(self, ctx=None, **given):
                ctx = [] if ctx is None else ctx
                return Handler(self.work(ctx, given), self.told, ctx)

        class Joke(Workflow):
            start_event_class = type("Start", (), {"model_fields": {"topic": None}})
            told = [Draft(text="d"), StopEvent(result=1)]
            async def work(self, ctx, given): return given

        class Chat(Workflow):
            llm = None
            told = [
                ToolCall(tool_name="add", tool_kwargs={"a": 1}, tool_id="1"),
                ToolCallResult(tool_name="add", tool_id="1", tool_output=Event(content=3)),
                AgentStream(delta="He"), AgentStream(delta=""), StopEvent(result=1),
            ]
            async def work(self, ctx, given):
                ctx.extend(message.content for message in given.get("chat_history", ()))
                ctx.append(given["user_msg"])
                try:
                    if ctx[-1] == "wait":
                        print("waits", flush=True)
                        await asyncio.sleep(60)
                except asyncio.CancelledError:
                    print("was cancelled", flush=True)
                    raise
                return AgentOutput(response=Event(content="|".join(ctx)))
    """,
    "llama_index/__init__.py": "",
    "llama_index/core/__init__.py": "",
    "llama_index/core/llms.py": """
        class ChatMessage:
            def __init__(self, role, content): self.role, self.content = role, content
    """,
}
AGNO = {
    "agno/__init__.py": "",
    "agno/models/__init__.py": "",
    "agno/models/message.py": """
        class Message:
            def __init__(self, role, content): self.role, self.content = role, content
    """,
    "agno/agent.py": """
        class Bag:
            def __init__(self, **fields): self.__dict__.update(fields)

        class Agent:
            def print_response(self): ...
            def arun(self, input, *, stream=False, stream_events=False, session_id=None, user_id=None):
                said = input if isinstance(input, str) else "|".join(message.content for message in input)
                if session_id: said = f"{session_id}: {said}"
                return self.events(said) if stream else self.whole(said)
            async def whole(self, said):
                failed = said == "fail"
                return Bag(content="refused" if failed else said, status=Bag(value="ERROR" if failed else "OK"))
            async def events(self, said):
                tool = Bag(tool_name="add", tool_args={"a": 1}, tool_call_id="1", result=3)
                yield Bag(event="ToolCallStarted", tool=tool)
                yield Bag(event="ToolCallCompleted", tool=tool)
                yield Bag(event="RunContent", content="He")
                if said == "fail": yield Bag(event="RunError", content="refused")
                yield Bag(event="RunCompleted", content=said)

        # As Agno 1 has it: a text, other names, and the stream behind an await.
        class Older(Agent):
            def arun(self, message, *, stream=False, stream_intermediate_steps=False, session_id=None):
                return self.later(message) if stream else self.whole(message)
            async def later(self, message):
                async def run():
                    yield Bag(event="RunResponseContent", content=message)
                return run()
    """,
}
CALL = {"type": "step", "name": "tool_call", "data": {"id": "1", "tool": "add", "arguments": {"a": 1}}}
HELLO = {"type": "text", "text": "He"}


def result(value: Any) -> dict[str, Any]:
    return {"type": "step", "name": "tool_result", "data": {"id": "1", "tool": "add", "result": value}}


class Runners(TestCase):
    def sdk(self, package: dict[str, str], source: str) -> Agent:
        # As a handler: of an agent, `run` would be the author's own, in whose directory the stand-ins are.
        return self.agent({**package, "main.py": source}, attr="it").ready()

    def say(self, agent: Agent, text: str, session: str) -> Any:
        body = {"input": text, "session_id": session}
        answer = agent.request("POST", "/invoke", json.dumps(body).encode())
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json["output"]

    def told(self, agent: Agent, value: Any) -> list[Any]:
        return events(agent.invoke(value, Accept="text/event-stream"))

    def check_conversations(self, agent: Agent) -> None:
        self.assertEqual(self.say(agent, "one", "a"), "one")
        self.assertEqual(self.say(agent, "two", "b"), "two")
        self.assertEqual(self.say(agent, "three", "a"), "one|three")
        self.assertEqual(agent.output("four"), "four")
        self.assertEqual(agent.output(TALK), "hi|yes|so")

    def check_cancel(self, agent: Agent) -> None:
        with agent.invoking("wait", Accept="text/event-stream"):
            agent.wait_line("waits")
        agent.wait_line("was cancelled")

    def test_an_agent_of_adk_has_a_session_for_each_conversation(self) -> None:
        agent = self.sdk(ADK, "from google.adk.agents import Agent\nit = Agent()\n")
        self.check_conversations(agent)
        # Those without a name are gone with their call: two have one, and this is the third.
        self.assertEqual(agent.output("count"), "3")
        self.check_cancel(agent)

    def test_an_agent_of_adk_tells_who_speaks_its_tools_and_each_word_once(self) -> None:
        agent = self.sdk(ADK, "from google.adk.agents import Agent\nit = Agent()\n")
        self.assertEqual(
            self.told(agent, "hi"),
            [
                CALL,
                {"type": "step", "name": "agent", "data": {"agent": "helper"}},
                result({"sum": 3}),
                {"type": "text", "text": "|"},
                {"type": "output", "output": "hi"},
            ],
        )

    def test_what_a_model_of_adk_refuses_fails_the_call(self) -> None:
        answer = self.sdk(ADK, "from google.adk.agents import Agent\nit = Agent()\n").invoke("fail")
        self.assertEqual((answer.status, answer.json["error"]), (500, "RuntimeError: the model refuses"))

    def test_an_agent_of_llamaindex_keeps_the_context_of_a_conversation(self) -> None:
        agent = self.sdk(LLAMA_INDEX, "from workflows import Chat\nit = Chat()\n")
        self.check_conversations(agent)
        self.check_cancel(agent)

    def test_an_agent_of_llamaindex_tells_its_tools_and_its_words(self) -> None:
        agent = self.sdk(LLAMA_INDEX, "from workflows import Chat\nit = Chat()\n")
        self.assertEqual(
            self.told(agent, "hi"), [CALL, result("3"), HELLO, {"type": "output", "output": "hi"}]
        )

    def test_a_workflow_gets_the_fields_of_its_start_and_tells_its_events(self) -> None:
        agent = self.sdk(LLAMA_INDEX, "from workflows import Joke\nit = Joke()\n")
        self.assertEqual(agent.output({"topic": "cats", "session_id": "a"}), {"topic": "cats"})
        self.assertEqual(
            self.told(agent, "cats"),
            [
                {"type": "step", "name": "Draft", "data": {"text": "d"}},
                {"type": "output", "output": {"topic": "cats"}},
            ],
        )

    def test_an_agent_of_agno_is_told_its_session_and_tells_its_tools_and_its_words(self) -> None:
        agent = self.sdk(AGNO, "from agno.agent import Agent\nit = Agent()\n")
        self.assertEqual(agent.output("hi"), "hi")
        self.assertEqual(agent.output(TALK), "hi|yes|so")
        self.assertEqual(self.say(agent, "hi", "a"), "a: hi")
        self.assertEqual(
            self.told(agent, [USER]), [CALL, result(3), HELLO, {"type": "output", "output": "hi"}]
        )

    def test_what_goes_wrong_in_a_run_of_agno_fails_the_call(self) -> None:
        agent = self.sdk(AGNO, "from agno.agent import Agent\nit = Agent()\n")
        answer = agent.invoke("fail")
        self.assertEqual((answer.status, answer.json["error"]), (500, "RuntimeError: refused"))
        self.assertIn(b"event: error", agent.invoke("fail", Accept="text/event-stream").body)

    def test_an_agent_of_agno_1_gets_a_text(self) -> None:
        agent = self.sdk(AGNO, "from agno.agent import Older\nit = Older()\n")
        said = "user: hi\nassistant: yes\nso"
        self.assertEqual(agent.output(TALK), said)
        self.assertEqual(
            self.told(agent, TALK), [{"type": "text", "text": said}, {"type": "output", "output": said}]
        )
