import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { loadConfig } from "../src/config/load.ts";
import { sweepFirewall } from "../test/helpers/firewall.ts";

const ROOT = resolve(import.meta.dir, "..");
const BINARY = join(ROOT, "dist/oken-runner");

/** Longest answer that is shown whole, characters. */
const SHOWN = 1_200;

/** Time until the runner must answer, milliseconds. */
const START_TIMEOUT_MS = 10_000;

const isTerminal = process.stdout.isTTY;
const paint = (code: number, text: string) => (isTerminal ? `\x1b[${code}m${text}\x1b[0m` : text);

const { host, port } = loadConfig(process.env);
const base = `http://${host}:${port}`;

async function main(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), "oken-demo-"));
  const network = `oken-demo-${process.pid}`;
  const env = {
    ...process.env,
    OKEN_DATA_DIR: dataDir,
    OKEN_DOCKER_NETWORK: network,
    OKEN_LOG_LEVEL: "warn",
  };
  await requireFreePort();
  title(`oken-runner serve   (listening on ${base})`);
  const runner = Bun.spawn([BINARY, "serve"], { env, stdout: "inherit", stderr: "inherit" });
  const interrupted = () => runner.kill("SIGTERM");
  process.on("SIGINT", interrupted);
  const deployed: string[] = [];
  try {
    await untilReady();
    await show("GET", "/health");

    title("A handler: examples/greeter, a function and one package from the index");
    await deploy("greeter", { GREETING: "Welcome" });
    deployed.push("greeter");
    await show("POST", "/invoke/greeter", { input: { name: "Ada" } });

    title("An http agent: examples/fastapi-app, its FastAPI application as it is");
    await deploy("fastapi-app");
    deployed.push("fastapi-app");
    await show("POST", "/invoke/fastapi-app", { input: { numbers: [1, 2, 3] } });
    await show("GET", "/invoke/fastapi-app/items/42");

    title("The same again: nothing has changed, so nothing is built");
    await deploy("greeter", { GREETING: "Welcome" });

    title("What they printed, and what is there");
    await show("GET", "/logs/greeter?tail=5");
    await show("GET", "/agents");

    title("A mistake: the answer says where");
    await show("POST", "/invoke/greeter", { input: "not an object" });
  } finally {
    title("Removed again");
    for (const agent of deployed) await show("DELETE", `/agents/${agent}`);
    runner.kill("SIGTERM");
    await runner.exited;
    process.off("SIGINT", interrupted);
    await Bun.$`docker network rm ${network}`.quiet().nothrow();
    await sweepFirewall();
    await rm(dataDir, { recursive: true, force: true });
  }
  console.log(`\nThat was all. ${paint(1, "make run")} keeps one serving; its API is at ${base}/docs.`);
}

async function deploy(name: string, secrets?: Record<string, string>): Promise<void> {
  const directory = join(ROOT, "examples", name);
  const files = await readdir(directory);
  const contents = await Promise.all(
    files.map(async (file) => [file, await Bun.file(join(directory, file)).bytes()] as const),
  );
  const archive = new Bun.Archive(Object.fromEntries(contents), { compress: "gzip" });
  const form = new FormData();
  form.set("agent_id", name);
  form.set("tarball", await archive.blob(), `${name}.tar.gz`);
  const fields = [`agent_id=${name}`, `tarball=@${name}.tar.gz`];
  if (secrets !== undefined) {
    form.set("secrets", JSON.stringify(secrets));
    fields.push(`secrets=${JSON.stringify(secrets)}`);
  }
  await exchange("POST", "/deploy", { body: form }, fields.map((field) => `-F '${field}'`).join(" "));
}

async function show(method: string, path: string, body?: unknown): Promise<void> {
  if (body === undefined) return exchange(method, path, {}, "");
  const json = JSON.stringify(body);
  return exchange(
    method,
    path,
    { body: json, headers: { "content-type": "application/json" } },
    `-d '${json}'`,
  );
}

/** Sends a request, and prints it with its answer as a person would type and see them. */
async function exchange(method: string, path: string, init: RequestInit, shown: string): Promise<void> {
  console.log(`\n${paint(36, `> ${method} ${path}`)} ${shown}`);
  const startedAt = performance.now();
  const response = await fetch(base + path, { ...init, method });
  const text = await response.text();
  const ms = Math.round(performance.now() - startedAt);
  console.log(paint(response.ok ? 32 : 33, `< ${response.status}`), paint(2, `(${ms} ms)`));
  if (text !== "") console.log(readable(text));
}

function readable(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2).slice(0, SHOWN);
  } catch {
    return text.slice(0, SHOWN);
  }
}

async function requireFreePort(): Promise<void> {
  const answers = await fetch(`${base}/health`).then(
    () => true,
    () => false,
  );
  if (!answers) return;
  console.error(
    `Something answers on ${base} already. Stop it, or choose another port: OKEN_PORT=8001 make demo`,
  );
  process.exit(1);
}

async function untilReady(): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (
    !(await fetch(`${base}/health`).then(
      () => true,
      () => false,
    ))
  ) {
    if (performance.now() > deadline) throw new Error(`the runner does not answer on ${base}`);
    await Bun.sleep(20);
  }
}

function title(text: string): void {
  console.log(`\n${paint(1, `── ${text}`)}`);
}

await main();
