"""Web applications that hang: noticed, interrupted, and replaced if nothing else helps."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import unittest
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from harness import PARENT_PYTHON, RUNTIME, WAIT_SECONDS, Agent, Answer, TestCase, wait_for

THREADS = 4
# An hour between two looks, with a loop that was asked and a request that was told to stop.
PAUSED = """
import os, signal, sys, time, types
package = types.ModuleType("oken-runtime")
package.__path__ = [os.path.join(sys.argv[1], "_oken")]
sys.modules["oken-runtime"] = package
parts = __import__("oken-runtime.web.watch", fromlist=["Watch"])
signal.signal(parts.CANCEL_SIGNAL, lambda *_: None)

class Loop:
    def call_soon_threadsafe(self, callback): pass

def look_after(seconds, work):
    watch = parts.Watch(types.SimpleNamespace(timeout=5.0, threads=1))
    watch.loop = Loop()
    watch.begin(work)
    watch.cancel(work, "timeout")
    now = time.monotonic()
    assert watch.look(now) == ""
    print(watch.look(now + seconds) or "goes on")

look_after(3600, parts.Work("one", lambda: None))
look_after(1, parts.Work("one", lambda: None))
"""
WSGI = """
    import os, time, queue
    class Items:
        def __init__(self, wait): self.wait = wait
        def __iter__(self): return self
        def __next__(self): self.wait(); return b"data: x\\n\\n"
        def close(self): print("closed")
    def app(environ, start_response):
        path = environ["PATH_INFO"]
        print("began", path)
        if path == "/sleep": time.sleep(3600)
        if path == "/spin":
            while True: pass
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        if path == "/endless": return Items(lambda: time.sleep(0.01))
        if path == "/silent":
            return Items2()
        return [str(os.getpid()).encode()]
    class Items2(Items):
        def __init__(self): self.first = True
        def __next__(self):
            if self.first: self.first = False; return b"first"
            queue.Queue().get()
"""
ASGI = """
    import asyncio, os, time
    async def app(scope, receive, send):
        if scope["type"] == "lifespan": return
        path = scope["path"]
        if path != "/health": print("began", path)
        if path == "/await": await asyncio.sleep(3600)
        if path == "/soon": await asyncio.sleep(0.5)
        if path == "/sleep": time.sleep(3600)
        if path == "/swallow":
            while True:
                try: time.sleep(3600)
                except BaseException: pass
        if path == "/thread": await asyncio.to_thread(time.sleep, 3600)
        if path == "/behind": asyncio.get_running_loop().create_task(behind())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
    async def behind():
        await asyncio.sleep(0.1); print("blocked"); time.sleep(3600)
"""
# Takes connections, reads what comes, and answers only /health, until it is told to hang.
SCRIPT = """
    import http.server, os, threading, time
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *what): pass
        def do_GET(self):
            if self.path == "/hang": time.sleep(3600)
            self.send_response(200); self.end_headers(); self.wfile.write(str(os.getpid()).encode())
    http.server.HTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
"""

# Reads every request and closes with its caller; its /health hangs once it is muted.
AWAITS = """
    import asyncio, os
    stuck = set()
    async def serve(reader, writer):
        path = (await reader.readuntil(b"\\r\\n\\r\\n")).split()[1]
        if path == b"/mute": stuck.add(b"/health")
        if path in stuck:
            await reader.read(); writer.close()
            await asyncio.Event().wait()
        pid = str(os.getpid()).encode()
        writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\nConnection: close\\r\\n\\r\\n%b" % (len(pid), pid))
        writer.close()
    async def main():
        server = await asyncio.start_server(serve, "", int(os.environ["PORT"]))
        await server.serve_forever()
    asyncio.run(main())
"""


class Hangs(TestCase):
    def web(self, source: str, **spec: Any) -> Agent:
        settings = {"attr": "app", "concurrency": THREADS, "timeout": 1, **spec}
        return self.agent({"main.py": source}, type="http", **settings).ready()

    def get(self, agent: Agent, path: str, **headers: str) -> Answer:
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return agent.request("GET", path, None, named, agent.port)

    def leave(self, agent: Agent, path: str, until: bytes) -> None:
        """Sends a request, reads until some text of its answer, and is gone."""
        with socket.create_connection(("127.0.0.1", agent.port), WAIT_SECONDS) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            received = b""
            while until not in received:
                received += connection.recv(4096)

    def at_once(self, agent: Agent, path: str) -> list[Answer]:
        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(lambda _: self.get(agent, path), range(THREADS)))

    def test_an_endless_answer_is_closed_when_its_caller_leaves(self) -> None:
        agent = self.web(WSGI)
        for _ in range(THREADS):
            self.leave(agent, "/endless", b"data")
        self.assertEqual(self.get(agent, "/").status, 200)
        wait_for(lambda: agent.count_lines("closed") == THREADS, "every answer to be closed")
        self.assertEqual(agent.health()["restarts"], 0)

    def test_answers_that_never_come_back_do_not_keep_their_threads(self) -> None:
        agent = self.web(WSGI, timeout=30)
        for _ in range(THREADS):
            self.leave(agent, "/silent", b"first")
        # It waits for a thread, and none is free before the process is replaced.
        waiting = self.get(agent, "/")
        self.assertEqual((waiting.status, waiting.headers["retry-after"]), (503, "1"))
        self.assertIn("before it took this request", waiting.json["error"])
        self.assertEqual(self.get(agent, "/").status, 200)
        self.assertEqual(agent.wait_state("ready")["restarts"], 1)
        agent.wait_line("did not stop after its caller went away")

    def test_nor_do_they_beside_one_whose_caller_stays_when_somebody_waits_for_a_thread(self) -> None:
        agent = self.web(WSGI, timeout=WAIT_SECONDS * 2)
        with socket.create_connection(("127.0.0.1", agent.port), WAIT_SECONDS) as staying:
            staying.sendall(b"GET /silent HTTP/1.1\r\nHost: x\r\n\r\n")
            staying.recv(4096)
            for _ in range(THREADS - 1):
                self.leave(agent, "/silent", b"first")
            # Fails after WAIT_SECONDS, which are half of the timeout.
            self.assertIn(self.get(agent, "/").status, (200, 503))
        self.assertEqual(self.get(agent, "/").status, 200)

    def test_threads_that_sleep_past_the_deadline_are_answered_and_their_process_replaced(self) -> None:
        agent = self.web(WSGI)
        for answer in self.at_once(agent, "/sleep"):
            self.assertEqual((answer.status, answer.json["code"]), (504, "INVOKE_FAILED"))
            self.assertIn("did not answer within 1 s", answer.json["error"])
        wait_for(lambda: self.get(agent, "/").status == 200, "a free thread")
        self.assertEqual(agent.wait_state("ready")["restarts"], 1)
        agent.wait_line("did not stop after its time was up")

    def test_threads_that_run_past_the_deadline_are_interrupted(self) -> None:
        agent = self.web(WSGI)
        self.assertEqual({answer.status for answer in self.at_once(agent, "/spin")}, {504})
        self.assertEqual(self.get(agent, "/").status, 200)
        self.assertEqual(agent.health()["restarts"], 0)

    def test_a_first_answer_that_takes_long_is_part_of_the_start(self) -> None:
        source = """
            import time
            first = [2.5]
            def app(environ, start_response):
                if first: time.sleep(first.pop())
                start_response("200 OK", [])
                return [b"well"]
        """
        agent = self.web(source)
        self.assertEqual(agent.health()["restarts"], 0)
        self.assertEqual(self.get(agent, "/").body, b"well")

    def test_a_request_has_no_more_time_than_the_runner_gives_it(self) -> None:
        agent = self.web(ASGI, timeout=30)
        answer = self.get(agent, "/await", X_Oken_Timeout_Ms="200")
        self.assertEqual(answer.status, 504)
        self.assertIn("did not answer within 0.2 s", answer.json["error"])

    def test_a_blocked_loop_is_interrupted(self) -> None:
        agent = self.web(ASGI)
        before = self.get(agent, "/").body
        answer = self.get(agent, "/sleep")
        self.assertEqual((answer.status, answer.json["code"]), (504, "INVOKE_FAILED"))
        self.assertEqual(self.get(agent, "/").body, before)

    def test_a_loop_that_is_blocked_by_no_request_is_interrupted(self) -> None:
        agent = self.web(ASGI)
        before = self.get(agent, "/behind").body
        agent.wait_line("blocked")
        self.assertEqual(self.get(agent, "/", X_Oken_Timeout_Ms="20000").body, before)

    def test_a_loop_that_cannot_be_interrupted_is_replaced_and_others_are_told_why(self) -> None:
        agent = self.web(ASGI, timeout=30)
        with ThreadPoolExecutor(3) as pool:
            beside = pool.submit(self.get, agent, "/await")
            agent.wait_line("began /await")
            guilty = pool.submit(self.get, agent, "/swallow", X_Request_Id="guilty", X_Oken_Timeout_Ms="1000")
            agent.wait_line("began /swallow")
            waiting = pool.submit(self.get, agent, "/")
            for told in (beside.result(), guilty.result()):
                self.assertEqual((told.status, told.json["code"]), (502, "INVOKE_FAILED"))
                why = "was ended (request guilty did not stop after its time was up)"
                self.assertIn(why, told.json["error"])
            self.assertEqual(waiting.result().status, 200)
        self.assertEqual(agent.wait_state("ready")["restarts"], 1)

    def test_a_thread_behind_an_asgi_application_is_not_leaked(self) -> None:
        agent = self.web(ASGI)
        before = self.get(agent, "/").body
        with ThreadPoolExecutor(1) as pool:
            self.assertIn(pool.submit(self.get, agent, "/thread").result().status, (502, 504))
        wait_for(lambda: agent.health()["restarts"] == 1, "a new process")
        self.assertNotEqual(self.get(agent, "/").body, before)

    def test_a_process_that_does_not_run_is_replaced(self) -> None:
        agent = self.web(ASGI)
        os.kill(agent.health()["pid"], signal.SIGSTOP)
        self.assertEqual(self.get(agent, "/").status, 200)
        self.assertEqual(agent.wait_state("ready")["restarts"], 1)
        agent.wait_line("its process does not answer")

    def test_requests_wait_while_the_process_is_replaced(self) -> None:
        agent = self.web("import time; time.sleep(0.5)\n" + "\n".join(line[4:] for line in ASGI.splitlines()))
        os.kill(agent.health()["pid"], signal.SIGKILL)
        self.assertEqual({answer.status for answer in self.at_once(agent, "/")}, {200})

    def test_requests_are_refused_when_no_new_process_starts(self) -> None:
        agent = self.web(ASGI)
        with open(os.path.join(agent.directory, "main.py"), "w") as file:
            file.write("raise ValueError('gone')")
        os.kill(agent.health()["pid"], signal.SIGKILL)
        agent.wait_state("failed")
        answer = self.get(agent, "/")
        self.assertEqual((answer.status, answer.json["code"]), (503, "INVOKE_FAILED"))
        self.assertIn("ValueError: gone", answer.json["error"])

    def test_a_server_of_the_agents_that_hangs_is_replaced(self) -> None:
        agent = self.web(SCRIPT, mode="script", attr=None)
        before = self.get(agent, "/").body
        with socket.create_connection(("127.0.0.1", agent.port), WAIT_SECONDS) as connection:
            connection.sendall(b"GET /hang HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_for(lambda: agent.health()["restarts"] == 1, "a new process")
        agent.wait_line("its server does not answer")
        agent.wait_state("ready")
        self.assertNotEqual(self.get(agent, "/").body, before)

    def test_time_in_which_the_container_was_paused_counts_for_nobody(self) -> None:
        said = subprocess.check_output([PARENT_PYTHON, "-I", "-c", PAUSED, os.path.dirname(RUNTIME)])
        self.assertEqual(said.split(b"\n"), [b"goes on", b"goes on", b""])

    def doubted(self, agent: Agent, **headers: str) -> int:
        return agent.request("POST", "/unanswered", b"", headers).status

    def test_a_server_of_the_agents_that_answers_nothing_is_replaced_at_the_runners_word(self) -> None:
        agent = self.web(AWAITS, mode="script", attr=None)
        before = self.get(agent, "/").body
        self.assertEqual(self.doubted(agent), 202)
        wait_for(lambda: agent.health()["restarts"] == 1, "a new process")
        agent.wait_line("it answered none of several requests in their time")
        agent.wait_state("ready")
        self.assertNotEqual(self.get(agent, "/").body, before)

    def test_one_that_something_speaks_for_is_asked_first(self) -> None:
        agent = self.web(AWAITS, mode="script", attr=None)
        before = self.get(agent, "/").body
        self.assertEqual(self.doubted(agent, **{"x-oken-must-ask": "1"}), 202)
        self.assertEqual(self.get(agent, "/").body, before)
        self.get(agent, "/mute")
        self.assertEqual(self.doubted(agent, **{"x-oken-must-ask": "1"}), 202)
        wait_for(lambda: agent.health()["restarts"] == 1, "a new process")

    def test_an_application_that_is_watched_from_inside_is_not_replaced_at_a_word(self) -> None:
        agent = self.web(ASGI)
        before = self.get(agent, "/").body
        self.assertEqual(self.doubted(agent), 202)
        self.assertEqual(self.get(agent, "/").body, before)
        self.assertEqual(agent.health()["restarts"], 0)


if __name__ == "__main__":
    unittest.main()
