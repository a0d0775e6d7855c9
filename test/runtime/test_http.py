"""HTTP as odd as clients and proxies make it."""

from __future__ import annotations

import json
import socket
import unittest

from harness import Agent, TestCase

ECHO = "async def handler(input): return input"
BODY = b'{"input": 1}'
POST = b"POST /invoke HTTP/1.1\r\nHost: x\r\n"


class Http(TestCase):
    def setUp(self) -> None:
        self.running: Agent = self.handler(ECHO)

    def exchange(self, *pieces: bytes) -> bytes:
        """Sends the pieces, then reads until the server closes or is done with one answer."""
        with self.running.connect() as connection:
            for piece in pieces:
                connection.sendall(piece)
            return read_answer(connection)

    def test_good_requests_are_answered(self) -> None:
        for name, pieces in {
            "content-length": [POST + b"Content-Length: 12\r\n\r\n" + BODY],
            "bytewise": [bytes((byte,)) for byte in POST + b"Content-Length: 12\r\n\r\n" + BODY],
            "chunked": [
                POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n" + BODY[:5] + b"\r\n7;x=y\r\n",
                BODY[5:] + b"\r\n0\r\n\r\n",
            ],
            "trailers": [POST + b"Transfer-Encoding: Chunked\r\n\r\nc\r\n" + BODY + b"\r\n0\r\nA: b\r\n\r\n"],
            "leading blank line": [b"\r\n" + POST + b"Content-Length: 12\r\n\r\n" + BODY],
            "HTTP/1.0": [b"POST /invoke HTTP/1.0\r\nContent-Length: 12\r\n\r\n" + BODY],
            "query": [b"POST /invoke?a=b HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\n" + BODY],
        }.items():
            with self.subTest(name):
                answer = self.exchange(*pieces)
                self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer)
                self.assertTrue(answer.endswith(b'{"output":1}'), answer)

    def test_bad_requests_are_refused_and_the_connection_closed(self) -> None:
        for name, (status, request) in {
            "no http": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01"),
            "no version": (400, b"GET /health\r\n\r\n"),
            "version 2": (505, b"GET /health HTTP/2.0\r\nHost: x\r\n\r\n"),
            "no host": (400, b"GET /health HTTP/1.1\r\n\r\n"),
            "two hosts": (400, b"GET /health HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"),
            "space before colon": (400, b"GET /health HTTP/1.1\r\nHost : x\r\n\r\n"),
            "folded header": (400, b"GET /health HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n"),
            "bare line feed": (400, b"GET /health HTTP/1.1\r\nHost: x\r\nA: b\nC: d\r\n\r\n"),
            "nul": (400, b"GET /health HTTP/1.1\r\nHost: x\r\nA: \x00\r\n\r\n"),
            "both lengths": (
                400,
                POST + b"Content-Length: 12\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            ),
            "two lengths": (400, POST + b"Content-Length: 12\r\nContent-Length: 13\r\n\r\n" + BODY),
            "listed lengths": (400, POST + b"Content-Length: 12, 12\r\n\r\n" + BODY),
            "signed length": (400, POST + b"Content-Length: +12\r\n\r\n" + BODY),
            "odd coding": (501, POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n"),
            "bad chunk size": (400, POST + b"Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n"),
            "chunk without end": (400, POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nhello\r\n0\r\n\r\n"),
            "huge body": (413, POST + b"Content-Length: 100000000\r\n\r\n"),
            "huge chunk": (413, POST + b"Transfer-Encoding: chunked\r\n\r\nfffffff\r\n"),
            "huge head": (431, b"GET /health HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 70_000),
            "many headers": (431, b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 300 + b"\r\n"),
            "huge target": (414, b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"),
            "odd expectation": (417, POST + b"Expect: more\r\nContent-Length: 12\r\n\r\n" + BODY),
        }.items():
            with self.subTest(name):
                with self.running.connect() as connection:
                    connection.sendall(request)
                    answer = read_all(connection)
                self.assertTrue(answer.startswith(b"HTTP/1.1 %d " % status), answer)
                told = json.loads(answer.partition(b"\r\n\r\n")[2])
                self.assertEqual(told["code"], "INVALID_REQUEST")
        self.assertEqual(self.running.output(1), 1)

    def test_other_paths_and_methods_are_told_apart(self) -> None:
        for method, path, status in (
            ("GET", "/", 404),
            ("GET", "/invoke", 405),
            ("POST", "/health", 405),
            ("POST", "/invoke/x", 404),
        ):
            self.assertEqual(self.running.request(method, path).status, status)
        self.assertEqual(self.running.request("HEAD", "/health").body, b"")

    def test_expect_continue_is_answered_before_the_body(self) -> None:
        with self.running.connect() as connection:
            connection.sendall(POST + b"Expect: 100-continue\r\nContent-Length: 12\r\n\r\n")
            self.assertEqual(connection.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
            connection.sendall(BODY)
            self.assertTrue(read_answer(connection).endswith(b'{"output":1}'))

    def test_pipelined_requests_are_answered_in_order(self) -> None:
        count = 200
        with self.running.connect() as connection:
            requests = b"".join(
                POST + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
                for body in (b'{"input": %d}' % index for index in range(count))
            )
            connection.sendall(requests + b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answers = read_all(connection)
        outputs = [int(part.partition(b"}")[0]) for part in answers.split(b'{"output":')[1:]]
        self.assertEqual(outputs, list(range(count)))

    def test_a_request_id_is_kept_or_made(self) -> None:
        self.assertEqual(self.running.invoke(1, X_Request_Id="abc").headers["x-request-id"], "abc")
        made = {self.running.invoke(1).headers["x-request-id"] for _ in range(3)}
        self.assertEqual(len(made), 3)
        self.assertNotIn("x" * 300, self.running.invoke(1, X_Request_Id="x" * 300).headers["x-request-id"])


def read_answer(connection: socket.socket) -> bytes:
    """One answer with a Content-Length."""
    received = b""
    while True:
        head, separator, body = received.partition(b"\r\n\r\n")
        if separator:
            length = next(
                int(line.split(b":")[1])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length")
            )
            if len(body) >= length:
                return received
        data = connection.recv(65536)
        if not data:
            return received
        received += data


def read_all(connection: socket.socket) -> bytes:
    received = b""
    while True:
        try:
            data = connection.recv(65536)
        except ConnectionResetError:
            # It closed with our bytes unread; what it said before is here.
            return received
        if not data:
            return received
        received += data


if __name__ == "__main__":
    unittest.main()
