"""What single web frameworks need. Stand-ins have their shapes; the packages are not installed here."""

from __future__ import annotations

import unittest

from harness import TestCase


class Frameworks(TestCase):
    def test_an_mcp_server_answers_under_any_host_unless_its_author_named_some(self) -> None:
        # The SDK's two generations: settings of the server, and a parameter of its application.
        sdk = """
            class TransportSecurityMiddleware:
                def __init__(self, settings=None): self.settings = settings
        """
        source = """
            from mcp.server.transport_security import TransportSecurityMiddleware
            LOCAL = ["127.0.0.1:*", "localhost:*", "[::1]:*"]
            class Security:
                def __init__(self, hosts): self.allowed_hosts = hosts
            def answering(hosts):
                middleware = TransportSecurityMiddleware(Security(hosts))
                async def app(scope, receive, send):
                    if scope["type"] == "lifespan": return
                    settings = middleware.settings
                    text = " ".join(settings.allowed_hosts) if settings else "any"
                    await send({"type": "http.response.start", "status": 200, "headers": []})
                    await send({"type": "http.response.body", "body": text.encode()})
                return app
            class FastMCP:
                def __init__(self, hosts): self.hosts = hosts
                def streamable_http_app(self): return answering(self.hosts)
            class MCPServer:
                def streamable_http_app(self, *, host="127.0.0.1"): return answering(LOCAL)
            class Mine(MCPServer): pass
            first, named, second = FastMCP(LOCAL), FastMCP(["a.example"]), Mine()
            app = first.streamable_http_app()
            async def mounted(scope, receive, send): await app(scope, receive, send)
        """
        files = {"mcp/server/transport_security.py": sdk, "main.py": source}
        for attribute, expected in (
            ("first", b"any"),
            ("named", b"a.example"),
            ("second", b"any"),
            ("app", b"any"),
            ("mounted", b"any"),
        ):
            with self.subTest(attribute):
                agent = self.agent(files, type="http", attr=attribute).ready()
                self.assertEqual(agent.request("GET", "/", port=agent.port).body, expected)

    def test_the_prefix_is_kept_from_packages_that_would_look_for_a_route_with_it(self) -> None:
        source = """
            import {package}
            class App:
                async def __call__(self, scope, receive, send):
                    if scope["type"] == "lifespan": return
                    await send({{"type": "http.response.start", "status": 200, "headers": []}})
                    text = scope["root_path"] + " " + scope["path"]
                    await send({{"type": "http.response.body", "body": text.encode()}})
            App.__module__ = "{module}"
            app = App()
        """
        for package, module, version, path in (
            ("falcon", "falcon.asgi.app", "4.0", b"/items"),
            ("starlette", "fastapi.applications", "0.34.0", b"/items"),
            ("starlette", "fastapi.applications", "0.35.0", b"/invoke/a/items"),
        ):
            with self.subTest(package, version=version):
                files = {
                    f"{package}/__init__.py": f"__version__ = '{version}'",
                    "main.py": source.format(package=package, module=module),
                }
                agent = self.agent(files, type="http", attr="app").ready()
                answer = agent.request("GET", "/items", None, {"X-Forwarded-Prefix": "/invoke/a"}, agent.port)
                self.assertEqual(answer.body, b"/invoke/a " + path)

    def test_fasthtml_keeps_its_key_at_home_where_its_program_cannot_be_written(self) -> None:
        agent = self.agent(
            {
                "fasthtml/__init__.py": "",
                "fasthtml/core.py": """
                    import os
                    def get_key(key=None, fname=".sesskey"):
                        if not os.path.isabs(fname): raise OSError(30, "Read-only file system", fname)
                        return fname
                """,
                "main.py": """
                    from fasthtml.core import get_key
                    KEY = get_key()
                    def app(environ, start_response):
                        start_response("200 OK", [])
                        return [KEY.encode()]
                """,
            },
            type="http",
            attr="app",
            secrets={"HOME": "/home/of/the/agent"},
        ).ready()
        answer = agent.request("GET", "/", port=agent.port)
        self.assertEqual(answer.body, b"/home/of/the/agent/.sesskey")


if __name__ == "__main__":
    unittest.main()
