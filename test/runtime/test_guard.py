"""What the agent's code may do to the runtime's parent, a process of the same user."""

from __future__ import annotations

import os
import signal
import struct
import unittest

from harness import TestCase, wait_for

FIND = """
import os, socket, stat

def sockets(kind):
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                one = socket.socket(fileno=os.dup(int(name)))
                if one.family == socket.AF_UNIX and one.type == kind:
                    found.append(one)
        except OSError:
            pass
    return found
"""


class Guard(TestCase):
    def test_the_parent_cannot_be_looked_into_but_the_agent_can(self) -> None:
        agent = self.handler("""
            import os
            def handler(path):
                try:
                    return bool(os.listdir(path) if path.endswith("fd") else open(path, "rb").fileno())
                except OSError as error:
                    return type(error).__name__
        """)
        parent = agent.process.pid
        for name in ("environ", "mem", "fd", "maps"):
            with self.subTest(name):
                self.assertEqual(agent.output(f"/proc/{parent}/{name}"), "PermissionError")
                self.assertTrue(agent.output(f"/proc/self/{name}"))

    def test_a_replacement_is_the_agents_too(self) -> None:
        agent = self.handler("""
            import os
            def handler(input):
                if input: os._exit(1)
                return open("/proc/self/mem", "rb").fileno() > 0
        """)
        agent.invoke(1)
        self.assertTrue(agent.output(0))

    def test_a_forged_line_is_no_line_of_the_runtimes(self) -> None:
        head = struct.Struct("!dBBBH")
        messages = [
            head.pack(1.0, 1, 2, 0, 0) + b"forged",
            head.pack(1.0, 200, 0, 0, 0) + b"forged",
            head.pack(1.0, 1, 9, 0, 0) + b"forged",
            head.pack(float("nan"), 1, 0, 0, 0) + b"forged",
            head.pack(1e300, 1, 0, 0, 0) + b"forged",
            head.pack(1.0, 1, 0, 0, 60000) + b"short",
            b"x",
        ]
        agent = self.handler(f"""{FIND}
def handler(input):
    for one in sockets(socket.SOCK_SEQPACKET):
        for message in {messages!r}:
            one.send(message)
    print("after")
    return 1
""")
        self.assertEqual(agent.output(1), 1)
        wait_for(lambda: agent.count_lines("after"), lambda: str(agent.raw))
        self.assertEqual(agent.count_lines("forged"), 0)
        self.assertEqual(agent.output(1), 1)

    def test_a_broken_channel_costs_the_agent_its_process_and_nothing_else(self) -> None:
        for garbage in (b"\0\0\0\1\x10\0\0\0\0x", b"\0\0\0\0\x13\0\0\0\0"):
            with self.subTest(garbage):
                agent = self.handler(f"""{FIND}
import time
def handler(input):
    if input:
        for one in sockets(socket.SOCK_STREAM):
            one.send({garbage!r})
        time.sleep(2)
    return 1
""")
                self.assertEqual(agent.output(0), 1)
                agent.invoke(1)
                self.assertEqual(agent.output(0), 1)

    def test_the_end_comes_as_soon_as_it_is_wanted(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                agent = self.handler("def handler(input): return input")
                os.kill(agent.process.pid, number)
                self.assertEqual(agent.process.wait(10), 0)


if __name__ == "__main__":
    unittest.main()
