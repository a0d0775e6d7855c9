"""What an application is told of where it is seen from outside, and for whom a request is."""

from __future__ import annotations

import unittest

from harness import Agent, TestCase

ASGI = """
    import json
    async def app(scope, receive, send):
        if scope["type"] == "lifespan": return
        if scope["type"] == "websocket": return await send({"type": "websocket.close"})
        seen = [scope[name] for name in ("root_path", "path", "scheme", "client")]
        seen.append(scope["raw_path"].decode())
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        print("seen", scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps([seen, headers]).encode()})
"""
WSGI = """
    import json
    NAMES = ("SCRIPT_NAME", "PATH_INFO", "wsgi.url_scheme", "REMOTE_ADDR", "HTTP_HOST", "HTTP_X_OKEN_INSTANCE")
    def app(environ, start_response):
        print("seen", environ["PATH_INFO"])
        start_response("200 OK", [])
        return [json.dumps([environ.get(name) for name in NAMES]).encode()]
"""
OUTSIDE = {
    "X-Forwarded-Prefix": "/gate/invoke/a",
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "agents.example:8443",
    "X-Oken-Instance": "oken-a-v1",
}


class Forwarded(TestCase):
    def web(self, source: str) -> Agent:
        env = {"OKEN_INSTANCE": "oken-a-v1"}
        return self.agent({"main.py": source}, env=env, type="http", attr="app").ready()

    def test_an_asgi_application_sees_its_prefix_its_caller_and_the_outside(self) -> None:
        agent = self.web(ASGI)
        seen, headers = agent.request("GET", "/a%20b?c=d", None, OUTSIDE, agent.port).json
        self.assertEqual(
            seen,
            [
                "/gate/invoke/a",
                "/gate/invoke/a/a b",
                "https",
                ["203.0.113.7", 0],
                "/gate/invoke/a/a%20b",
            ],
        )
        self.assertEqual(headers["host"], "agents.example:8443")
        self.assertNotIn("x-oken-instance", headers)
        seen, _ = agent.request("GET", "/a", port=agent.port).json
        self.assertEqual((seen[:3], seen[3][0]), (["", "/a", "http"], "127.0.0.1"))

    def test_a_wsgi_application_sees_its_prefix_its_caller_and_the_outside(self) -> None:
        agent = self.web(WSGI)
        seen = agent.request("GET", "/a%20b?c=d", None, OUTSIDE, agent.port).json
        self.assertEqual(
            seen, ["/gate/invoke/a", "/a b", "https", "203.0.113.7", "agents.example:8443", None]
        )
        seen = agent.request("GET", "/a", port=agent.port).json
        self.assertEqual(seen[:4], ["", "/a", "http", "127.0.0.1"])

    def test_an_application_sees_its_prefix_before_the_first_call_already(self) -> None:
        for source, seen in ((ASGI, "seen /invoke/a/health"), (WSGI, "seen /health")):
            env = {"OKEN_AGENT_ID": "a"}
            agent = self.agent({"main.py": source}, env=env, type="http", attr="app").ready()
            agent.wait_line(seen)

    def test_a_request_for_another_instance_is_refused_before_the_agent_sees_it(self) -> None:
        other = {"X-Oken-Instance": "oken-b-v1"}
        for source in (ASGI, WSGI):
            agent = self.web(source)
            answer = agent.request("GET", "/wrong", None, other, agent.port)
            self.assertEqual((answer.status, answer.json["code"]), (421, "MISDIRECTED"))
            self.assertEqual(agent.request("GET", "/right", port=agent.port).status, 200)
            agent.wait_line("seen /right")
            self.assertEqual(agent.count_lines("seen /wrong"), 0)
            self.assertEqual(agent.request("GET", "/health", None, other).status, 421)

    def test_a_websocket_for_another_instance_is_refused(self) -> None:
        agent = self.web(ASGI)
        upgrade = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        }
        answer = agent.request("GET", "/", None, {**upgrade, "X-Oken-Instance": "oken-b-v1"}, agent.port)
        self.assertEqual(answer.status, 421)
        self.assertEqual(agent.request("GET", "/", None, upgrade, agent.port).status, 403)

    def test_an_invoke_for_another_instance_is_refused_and_the_name_is_not_the_agents(self) -> None:
        source = "import os\ndef handler(input, context): return [sorted(context.headers), dict(os.environ)]"
        agent = self.agent({"main.py": source}, env={"OKEN_INSTANCE": "oken-a-v1"}).ready()
        answer = agent.invoke(1, X_Oken_Instance="oken-b-v1")
        self.assertEqual((answer.status, answer.json["code"]), (421, "MISDIRECTED"))
        headers, environment = agent.output(1, X_Oken_Instance="oken-a-v1")
        self.assertNotIn("x-oken-instance", headers)
        self.assertNotIn("OKEN_INSTANCE", environment)

    def test_without_a_name_an_instance_takes_every_request(self) -> None:
        agent = self.handler("def handler(input): return input")
        self.assertEqual(agent.output(1, X_Oken_Instance="oken-b-v1"), 1)


if __name__ == "__main__":
    unittest.main()
