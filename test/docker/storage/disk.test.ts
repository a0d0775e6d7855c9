import { describe, expect, test } from "bun:test";

import { type DockerfileOptions, dockerfileText } from "../../../src/build/dockerfile.ts";
import { createDisk } from "../../../src/docker/storage/disk.ts";
import { diskUsageArgs, pruneCacheArgs } from "../../../src/docker/storage/disk-args.ts";
import type { DockerExec } from "../../../src/docker/exec.ts";
import { ownRecords } from "../../../src/docker/storage/own-cache.ts";
import { createVolumes } from "../../../src/docker/storage/volumes.ts";
import { parseGoTime, parseSize } from "../../../src/docker/storage/sizes.ts";

const RUNNER = "r-1";
const LABELS = `oken.managed=true,oken.runner=${RUNNER}`;

/** A docker CLI that answers by the first word of a command. */
function diskWith(answers: Record<string, string>) {
  const asked: string[][] = [];
  const exec: DockerExec = {
    async run(args) {
      asked.push(args);
      return answers[args[0] ?? ""] ?? "";
    },
    stream: () => {
      throw new Error("nothing is streamed here");
    },
    close: async () => undefined,
  };
  const buildx = { command: async (args: string[]) => ({ args: ["buildx", ...args], env: {} }) };
  return {
    asked,
    disk: createDisk({ exec, buildx, volumes: createVolumes(exec, RUNNER), runnerId: RUNNER }),
  };
}

const line = (fields: string[], description: string) => [...fields, JSON.stringify(description)].join("\t");

test("counts what has the runner's labels, and the cache of builds", async () => {
  const images = [
    { ID: "sha256:a", UniqueSize: "1.5kB", SharedSize: "20MB", Containers: "1" },
    { ID: "sha256:b", UniqueSize: "5GB", SharedSize: "0B", Containers: "0" },
    { ID: "sha256:c", UniqueSize: "79B", SharedSize: "N/A", Containers: "0" },
  ];
  const containers = [
    { ID: "1", Names: "oken-1", State: "exited", Size: "2.35MB", Labels: `oken.agent=echo,${LABELS}` },
    { ID: "2", Names: "other", State: "running", Size: "1MB", Labels: "oken.managed=true,oken.runner=r-12" },
  ];
  const volumes = [
    { Name: "oken-data", Size: "3.5GB" },
    { Name: "oken-other", Size: "9GB" },
  ];
  const used = "2026-11-28 17:55:29.634039799 +0000 UTC";
  const cache = [
    line(["own*", "", "1kB", "true", "false", used, used], "[x 1/1] COPY --from=oken-built . /w"),
    line(["child", "own", "2B", "false", "true", used, ""], "[final 1/1] COPY --link . /app\nand more"),
    line(["other", "", "9GB", "false", "false", used, used], "mount / from exec make"),
  ];
  const { disk } = diskWith({
    image: "sha256:a\token/echo:v1\nsha256:c\t<none>:<none>\n",
    volume: "oken-data\techo\t/data\noken-new\techo\t/new\n",
    system: [images, containers, volumes]
      .map((listed) => JSON.stringify(listed))
      .concat(cache, "")
      .join("\n"),
  });
  const lastUsed = Date.parse("2026-11-28T17:55:29.634Z");
  expect(await disk.diskUsage()).toEqual({
    images: [
      { id: "sha256:a", references: ["oken/echo:v1"], bytes: 1500, sharedBytes: 20_000_000, containers: 1 },
      { id: "sha256:c", references: [], bytes: 79, sharedBytes: 0, containers: 0 },
    ],
    containers: [{ id: "1", name: "oken-1", running: false, bytes: 2_350_000 }],
    volumes: [
      { agentId: "echo", path: "/data", bytes: 3_500_000_000 },
      // Made since the engine counted.
      { agentId: "echo", path: "/new", bytes: 0 },
    ],
    cache: [
      { id: "own", parents: [], bytes: 1000, isInUse: true, isShared: false, lastUsed },
      { id: "child", parents: ["own"], bytes: 2, isInUse: false, isShared: true, lastUsed },
    ],
  });
});

test("the format is one argument, with a record a line", () => {
  const [, , , , format = ""] = diskUsageArgs();
  expect(format.split("\n")).toHaveLength(5);
  expect(format).toEndWith("{{json .Description}}\n{{end}}");
});

test("records are named by a whole expression; what is no id is left out, and many take several commands", async () => {
  expect(pruneCacheArgs(["a1", "b2"])).toEqual(["prune", "--force", "--filter", 'id="^(a1|b2)$"']);
  const { disk, asked } = diskWith({ buildx: "ID\tSIZE\na1\t5B\nTotal:\t1.5kB\n" });
  expect(await disk.pruneCache([".*", ...Array.from({ length: 1001 }, (_, at) => `id${at}`)])).toBe(3000);
  expect(asked.map((args) => args.at(-1)?.split("|").length)).toEqual([1000, 1]);
  expect(await disk.pruneCache([])).toBe(0);
});

test.each([
  ["0B", 0],
  ["79B", 79],
  ["1.79MB", 1_790_000],
  ["12kB", 12_000],
  ["38.91GB", 38_910_000_000],
  ["N/A", 0],
])("%s is %d bytes", (text, bytes) => expect(parseSize(text)).toBe(bytes));

test.each([
  ["2026-11-28 17:55:29.634039799 +0000 UTC", "2026-11-28T17:55:29.634Z"],
  ["2026-11-28 17:55:29 +0000 UTC", "2026-11-28T17:55:29.000Z"],
  ["2026-11-28 19:25:29.5 +0130 X", "2026-11-28T17:55:29.500Z"],
])("%s is a time", (text, iso) => expect(parseGoTime(text)).toBe(Date.parse(iso)));

test("no text is no time", () => expect(parseGoTime("")).toBeUndefined());

const record = (id: string, description: string, ...parents: string[]) => ({ id, description, parents });

describe("which records are a runner's", () => {
  const options: DockerfileOptions = {
    pythonVersion: "3.12",
    system: { cacheId: "oken-apt-1f", hasAuthorities: false },
    install: { lock: "requirements.lock", lockStep: "compile", compileFlags: [], builtNames: [] },
    cacheId: "oken-uv-1f",
    secrets: { ca: false, netrc: false },
    contexts: { files: true, findLinks: true, built: true, site: true },
    offline: false,
  };

  test("the steps of its Dockerfiles say so, or stand on one that does", () => {
    const commands = dockerfileText(options)
      .split(/\n(?=[A-Z]+ )/)
      .map((text) => text.replaceAll("\\\n", ""))
      .filter((text) => /^(RUN|COPY)/.test(text));
    // BuildKit leaves the mounts out of a command's description.
    const described = commands.map((text) => text.replaceAll(/--(?:mount|network)=\S+ */g, ""));
    const unknown = described.filter((text, at) => ownRecords([record(String(at), text)]).length === 0);
    expect(unknown.map((text) => text.trim())).toEqual([
      // Of the base, which every image stands on, and of the lock, which has some kilobytes.
      expect.stringMatching(/^RUN mkdir -p \/home\/agent/),
      "COPY --from=resolve /lock/ /",
      // These stand on a step that says so.
      expect.stringMatching(/compileall .* \/opt\/venv\/lib/),
      expect.stringMatching(/compileall .* \/opt\/venv\/lib/),
      "COPY --link --from=deps /opt/venv /opt/venv",
      "COPY --link --from=built /opt/venv /opt/venv",
      "COPY --link . /app",
    ]);
  });

  test("of others there are none, whatever they are called", () => {
    const others = [
      record("1", "[stage-0 2/3] COPY --from=py . /usr/local/"),
      record("2", 'cached mount /cache from exec make with id "/oken-bench-uv"'),
      record("3", "local source for context"),
      record("4", "pulled from docker.io/library/python"),
      record("5", "mount / from exec make", "6"),
      record("6", "mount / from exec make", "5"),
    ];
    expect(ownRecords(others)).toEqual([]);
  });

  test("what stands on an own record is own too, however far up", () => {
    const records = [
      record("app", "[final 2/2] COPY --link . /app", "venv"),
      record("venv", "[final 1/2] COPY --link --from=deps /opt/venv /opt/venv", "runtime"),
      record("runtime", "mount / from exec python3 /opt/oken/packed/unpack.py /opt/oken/runtime", "base"),
      record("base", "pulled from docker.io/library/python"),
      record("mount", 'cached mount /opt/uv-cache from exec uv with id "/oken-uv-f737c6c7b100d37f"'),
    ];
    expect(ownRecords(records).map(({ id }) => id)).toEqual(["app", "venv", "runtime", "mount"]);
  });
});
