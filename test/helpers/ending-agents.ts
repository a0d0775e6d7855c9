/** Agents of every shape that answer at once, or not for a minute: `POST` with `quick`, a stream, a WebSocket. */
export type EndingAgent = {
  files: Record<string, string>;
  /** Where its stream is; undefined where `POST /invoke/{id}` streams. */
  streamPath?: string;
  /** The form of items in which that streams. */
  streamForm?: "text/event-stream" | "application/x-ndjson";
  socketPath?: string;
};

const toml = (name: string) => ({ "oken.toml": `name = "${name}"\nwarm_timeout = 0\n` });

export const ENDING_AGENTS: Record<string, EndingAgent> = {
  handler: {
    files: {
      ...toml("Handler"),
      "main.py": `import time


def handler(input):
    yield "first"
    if not input.get("quick"):
        time.sleep(60)
`,
    },
    streamForm: "application/x-ndjson",
  },
  agent: {
    files: {
      ...toml("Agent"),
      "main.py": `import asyncio


class Agent:
    async def run(self, input):
        yield "first"
        if not input.get("quick"):
            await asyncio.sleep(60)
`,
    },
    streamForm: "text/event-stream",
  },
  asgi: {
    files: {
      ...toml("ASGI"),
      "requirements.txt": "fastapi\n",
      "main.py": `import asyncio

from fastapi import FastAPI, WebSocket
from fastapi.responses import StreamingResponse

app = FastAPI()


@app.post("/invoke")
async def invoke(body: dict):
    if not body["input"].get("quick"):
        await asyncio.sleep(60)
    return {"output": ["first"]}


async def items():
    yield "first"
    await asyncio.sleep(60)


@app.get("/stream")
async def stream():
    return StreamingResponse(items())


@app.websocket("/socket")
async def socket(socket: WebSocket):
    await socket.accept()
    await socket.send_text("first")
    await asyncio.sleep(60)
`,
    },
    streamPath: "/stream",
    socketPath: "/socket",
  },
  wsgi: {
    files: {
      ...toml("WSGI"),
      "requirements.txt": "flask\n",
      "main.py": `import time

from flask import Flask, Response, request

app = Flask(__name__)


@app.post("/invoke")
def invoke():
    if not request.get_json()["input"].get("quick"):
        time.sleep(60)
    return {"output": ["first"]}


@app.get("/stream")
def stream():
    def items():
        yield "first"
        time.sleep(60)

    return Response(items())
`,
    },
    streamPath: "/stream",
  },
  "own server": {
    files: {
      ...toml("Own server"),
      "main.py": `import base64
import hashlib
import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not body["input"].get("quick"):
            time.sleep(60)
        answer = json.dumps({"output": ["first"]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def do_GET(self):
        if self.path == "/socket":
            return self.upgrade()
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if self.path == "/stream":
            self.wfile.write(b"5\\r\\nfirst\\r\\n")
            time.sleep(60)
        self.wfile.write(b"0\\r\\n\\r\\n")

    def upgrade(self):
        magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        digest = hashlib.sha1((self.headers["Sec-WebSocket-Key"] + magic).encode()).digest()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(digest).decode())
        self.end_headers()
        self.wfile.write(b"\\x81\\x05first")
        time.sleep(60)


if __name__ == "__main__":
    ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
`,
    },
    streamPath: "/stream",
    socketPath: "/socket",
  },
};
