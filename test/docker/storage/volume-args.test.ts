import { expect, test } from "bun:test";

import * as args from "../../../src/docker/storage/volume-args.ts";

const OWNER = { runnerId: "r1", agentId: "Echo", isLimited: true };
const VOLUME = { name: "oken-1", path: "/data", shared: false };

test("a volume says whose it is, and where the agent has it", () => {
  expect(args.volumeCreateArgs(VOLUME, OWNER)).toEqual([
    ...["volume", "create"],
    ...["--label", "oken.managed=true"],
    ...["--label", "oken.runner=r1"],
    ...["--label", "oken.agent=Echo"],
    ...["--label", "oken.volume=/data"],
    ...["--", "oken-1"],
  ]);
});

test("a volume with a size is made with the storage's limit, where it has one", () => {
  const limited = args.volumeCreateArgs({ ...VOLUME, size: 1024 ** 3 }, OWNER);
  expect(limited.slice(0, 4)).toEqual(["volume", "create", "--opt", "size=1073741824"]);
  expect(args.volumeCreateArgs({ ...VOLUME, size: 1 }, { ...OWNER, isLimited: false })).not.toContain(
    "--opt",
  );
});

test("what counts may read every file, and writes none", () => {
  const argv = args.volumeMeasureArgs(["oken-1"], { image: "i", runnerId: "r1" });
  expect(argv.join(" ")).toContain("--cap-add DAC_READ_SEARCH");
  expect(argv).toContain("type=volume,src=oken-1,dst=/volumes/0,volume-nocopy,readonly");
  expect(argv.slice(-6)).toEqual([
    ...["--", "i", "-c", '/usr/bin/timeout 10 /usr/bin/du -skx -- "$@" || true', "sh", "/volumes/0"],
  ]);
  expect(args.readMeasure("12\t/volumes/3")).toEqual({ index: 3, bytes: 12_288 });
  expect(args.readMeasure("du: cannot access")).toBeUndefined();
});

test("an agent's container gets its volume without what the image has there", () => {
  expect(args.volumeMountArgs(VOLUME)).toEqual(["--mount", "type=volume,src=oken-1,dst=/data,volume-nocopy"]);
});

test("what gives volumes to their user has one capability, no network, and nothing else to write to", () => {
  expect(args.volumeOwnArgs(["oken-1", "oken-2"], { image: "i", userId: 200_001, runnerId: "r1" })).toEqual([
    ...["run", "--rm"],
    ...["--label", "oken.managed=true", "--label", "oken.runner=r1"],
    ...["--network", "none"],
    ...["--pull", "never"],
    ...["--user", "0:0"],
    ...["--cap-drop", "ALL"],
    ...["--cap-add", "CHOWN"],
    ...["--security-opt", "no-new-privileges"],
    "--read-only",
    ...["--memory", "67108864"],
    ...["--pids-limit", "16"],
    ...["--log-driver", "none"],
    ...["--mount", "type=volume,src=oken-1,dst=/volumes/0,volume-nocopy"],
    ...["--mount", "type=volume,src=oken-2,dst=/volumes/1,volume-nocopy"],
    ...["--entrypoint", "/bin/chown"],
    ...["--", "i", "200001:200001", "/volumes/0", "/volumes/1"],
  ]);
});

test("only this runner's containers and volumes are looked for", () => {
  const own = ["--filter", "label=oken.managed=true", "--filter", "label=oken.runner=r1"];
  expect(args.volumeUsersArgs(["oken-1", "oken-2"], "r1")).toEqual([
    "ps",
    ...own,
    ...["--filter", "volume=oken-1", "--filter", "volume=oken-2"],
    ...["--format", "{{.Names}}"],
  ]);
  expect(args.volumeListArgs("r1")).toEqual([
    ...["volume", "ls"],
    ...own,
    ...["--filter", "label=oken.volume"],
    ...["--format", '{{.Name}}\t{{.Label "oken.agent"}}\t{{.Label "oken.volume"}}'],
  ]);
});
