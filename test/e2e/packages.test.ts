import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { findBrowser } from "../helpers/browser.ts";
import { docker } from "../helpers/docker.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

/** Packages that ask much of the kernel, in a container as agents have it: `make soak`. */
const isLong = Bun.env["OKEN_TEST_LONG"] === "yes";

type Package = {
  name: string;
  requirements: string;
  /** The body of a function; what it returns must be `expected`. */
  code: string;
  expected: unknown;
};

const PACKAGES: Package[] = [
  {
    name: "uvloop, with a server, a client and a child process",
    requirements: "uvloop",
    code: `
    import asyncio, sys, uvloop

    async def main():
        async def echo(reader, writer):
            writer.write(await reader.read(4))
            writer.close()

        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"ping")
        child = await asyncio.create_subprocess_exec(sys.executable, "-c", "print(7)", stdout=-1)
        return [(await reader.read(4)).decode(), (await child.communicate())[0].decode().strip()]

    return uvloop.run(main())`,
    expected: ["ping", "7"],
  },
  {
    name: "debugpy, to which an editor connects",
    requirements: "debugpy",
    code: `
    import debugpy, json, socket

    host, port = debugpy.listen(("127.0.0.1", 0))
    with socket.create_connection((host, port), timeout=10) as editor:
        body = json.dumps({"seq": 1, "type": "request", "command": "initialize", "arguments": {"adapterID": "x"}})
        editor.sendall(f"Content-Length: {len(body)}\\r\\n\\r\\n{body}".encode())
        text = b""
        while b'"command": "initialize"' not in text:
            text += editor.recv(65536)
    return b'"success": true' in text`,
    expected: true,
  },
  {
    name: "numpy, scipy and numba, on their threads",
    requirements: "numpy\nscipy\nnumba",
    code: `
    import numba, numpy, scipy.linalg

    @numba.njit(parallel=True)
    def total(values):
        found = 0.0
        for at in numba.prange(len(values)):
            found += values[at]
        return found

    matrix = numpy.eye(300) * 2
    return [total(numpy.ones(1000)), float(scipy.linalg.inv(matrix @ matrix).sum())]`,
    expected: [1000, 75],
  },
  {
    name: "scikit-learn with processes of joblib",
    requirements: "scikit-learn",
    code: `
    from sklearn.datasets import make_classification
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import cross_val_score

    features, labels = make_classification(200, random_state=1)
    model = RandomForestClassifier(10, random_state=1)
    return len(cross_val_score(model, features, labels, cv=3, n_jobs=2))`,
    expected: 3,
  },
  {
    name: "onnxruntime, which asks for its processors",
    requirements: "onnxruntime\nonnx",
    code: `
    import numpy, onnx, onnxruntime
    from onnx import TensorProto, helper

    kinds = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "g", kinds[:1], kinds[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, {"x": numpy.array([1, 2], dtype=numpy.float32)})[0].tolist()`,
    expected: [2, 4],
  },
  {
    name: "psutil, pyzmq, grpcio, gevent, watchfiles and polars",
    requirements: "psutil\npyzmq\ngrpcio\ngevent\nwatchfiles\npolars",
    code: `
    import gevent, grpc, os, polars, psutil, watchfiles, zmq

    context = zmq.Context()
    left, right = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
    left.bind("tcp://127.0.0.1:5599")
    right.connect("tcp://127.0.0.1:5599")
    left.send(b"zmq")
    greenlet = gevent.spawn(lambda: 5)
    greenlet.join()
    server = grpc.server(__import__("concurrent.futures").futures.ThreadPoolExecutor(1))
    stop = __import__("threading").Event()
    stop.set()
    changes = list(watchfiles.watch("/tmp", stop_event=stop))
    me = psutil.Process()
    return [
        right.recv().decode(),
        greenlet.value,
        server.add_insecure_port("127.0.0.1:0") > 0,
        me.nice(),
        len(me.memory_maps()) > 0,
        len(psutil.net_if_addrs()) > 0,
        changes,
        polars.DataFrame({"x": [1, 2]}).sum().item(),
    ]`,
    expected: ["zmq", 5, true, 0, true, true, [], 3],
  },
  {
    name: "aiofile without aio, pexpect on a terminal, and duckdb",
    requirements: "aiofile\npexpect\nduckdb",
    code: `
    import aiofile, asyncio, duckdb, pexpect

    async def main():
        async with aiofile.async_open("/tmp/file", "w+") as file:
            await file.write("written")
            file.seek(0)
            return await file.read()

    shell = pexpect.spawn("sh", ["-c", "stty size; cat"], dimensions=(7, 9))
    shell.expect("7 9")
    shell.sendline("typed")
    shell.expect("typed")
    database = duckdb.connect("/tmp/data.duckdb")
    database.execute("create table t as select range as x from range(1000)")
    database.execute("checkpoint")
    return [asyncio.run(main()), database.execute("select sum(x) from t").fetchone()[0]]`,
    expected: ["written", 499_500],
  },
];

describe.skipIf(!isLong)("under the runner's seccomp profile", () => {
  let runner: TestRunner;
  beforeAll(async () => {
    runner = await startRunner();
  });
  afterAll(() => runner[Symbol.asyncDispose]());

  test.each(PACKAGES)(
    "$name",
    async ({ requirements, code, expected }) => {
      const id = `package-${PACKAGES.findIndex((it) => it.code === code)}`;
      const deployed = await runner.deploy(id, {
        "oken.toml": '[agent]\nname = "Package"\nmemory = "1g"\ncpus = 2\n',
        "requirements.txt": `${requirements}\n`,
        "main.py": `def use():${code}\n\n\ndef handler(input):\n    return use()\n`,
      });
      expect(deployed.body).toMatchObject({ status: "running" });
      const { body } = await runner.invoke(id, {});
      expect(body).toMatchObject({ output: expected });
    },
    300_000,
  );

  // Images of Python have none of a browser's libraries, so the machine's own are lent to one.
  test.skipIf(findBrowser() === undefined)("a browser, as Playwright starts it", async () => {
    const profile = (await readdir(runner.dataDir)).find((name) => name.startsWith("seccomp-")) ?? "";
    const page = "data:text/html,<p id=a></p><script>a.textContent=6*7</script>";
    const lent = ["/usr", "/etc/fonts", "/etc/ld.so.cache", "/etc/chromium.d"].filter((path) =>
      existsSync(path),
    );
    const output = await docker([
      ...["run", "--rm", "--read-only", "--cap-drop", "ALL", "--user", "200001:200001", "--network", "none"],
      ...["--security-opt", "no-new-privileges"],
      ...["--security-opt", `seccomp=${join(runner.dataDir, profile)}`],
      ...["--tmpfs", "/tmp:mode=1777", "--env", "HOME=/tmp"],
      ...lent.flatMap((path) => ["--volume", `${path}:${path}:ro`]),
      ...[
        "--entrypoint",
        findBrowser() ?? "",
        (Bun.env["OKEN_PYTHON_IMAGE"] ?? "").replace("{version}", "3.12"),
      ],
      ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--dump-dom", page],
    ]);
    expect(output.join("")).toContain('<p id="a">42</p>');
  });
});
