"""Prints start times and memory of the runtime on this interpreter as JSON. `bench/runtime.ts` runs it.

`python runtime.py DIRECTORY`, where DIRECTORY holds the runtime's files, byte-compiled.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 15
WAIT_SECONDS = 20.0
ECHO = "async def handler(input):\n    return input\n"


def main(directory):
    with tempfile.TemporaryDirectory() as app:
        with open(os.path.join(app, "main.py"), "w") as file:
            file.write(ECHO)
        rounds = [(yardstick(), *start(directory, app)) for _ in range(ROUNDS)]
    names = ("yardstick_ms", "health_ms", "ready_ms", "rss_kb")
    print(json.dumps({name: statistics.median(column) for name, column in zip(names, zip(*rounds))}))


def yardstick():
    """Milliseconds of `python -c "import asyncio, json"`."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import asyncio, json"], check=True)
    return (time.perf_counter() - begin) * 1000


def start(directory, app):
    """Milliseconds to the first health answer and to ready; kilobytes of both processes when ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    spec = {"module": "main", "attr": "handler", "port": port, "control_port": port}
    environment = {**os.environ, "OKEN_SPEC": json.dumps(spec), "OKEN_APP_DIR": app}
    begin = time.perf_counter()
    python = os.path.join(directory, "python", "bin", "python")
    process = subprocess.Popen([python, "-I", os.path.join(directory, "main.py"), sys.executable], env=environment)
    try:
        health = None
        while True:
            told = ask(port)
            now = (time.perf_counter() - begin) * 1000
            if told:
                health = health or now
                if told["state"] == "ready":
                    return health, now, sum(resident(pid) for pid in (process.pid, told["pid"]))
            if now > WAIT_SECONDS * 1000:
                raise TimeoutError(f"not ready: {told}")
            time.sleep(0.001)
    finally:
        process.terminate()
        process.wait()


def ask(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
    except OSError:
        return None
    return json.loads(answer.partition(b"\r\n\r\n")[2])


def resident(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


if __name__ == "__main__":
    main(sys.argv[1])
