import { expect, test } from "bun:test";

import {
  CLAIM_IDS_ARGS,
  beatArgs,
  createClaimArgs,
  createSwarmClaims,
  inspectClaimsArgs,
} from "../../../src/docker/swarm/claims.ts";
import {
  createRecordArgs,
  createRecords,
  inspectRecordsArgs,
  recordIdsArgs,
} from "../../../src/docker/swarm/records.ts";
import { RunnerError } from "../../../src/lib/errors.ts";

const record = { kind: "version" as const, agentId: "Echo", version: 3, number: 7, text: "é" };

/** Answers commands by their first words, and refuses all others as `refusal`. */
function execWith(answers: Record<string, string>, refusal?: string) {
  const given: { args: string[]; input?: string | undefined }[] = [];
  return {
    given,
    async run(args: string[], { input }: { input?: string } = {}) {
      given.push({ args, input });
      const answer = answers[args.slice(0, 2).join(" ")];
      if (answer !== undefined) return answer;
      throw new RunnerError("CONTAINER_ERROR", "refused", { details: { reason: refusal } });
    },
    async *stream() {},
    close: () => Promise.resolve(),
  };
}

test("a record is a config with a number in its name", () => {
  expect(createRecordArgs("r", record)).toEqual([
    ...["config", "create"],
    ...["--label", "oken.runner=r"],
    ...["--label", "oken.record=version"],
    ...["--label", "oken.number=7"],
    ...["--label", "oken.agent=Echo"],
    ...["--label", "oken.version=3"],
    expect.stringMatching(/^oken-version-[0-9a-f]{24}-7$/),
    "-",
  ]);
  expect(recordIdsArgs("r")).toEqual([
    ...["config", "ls", "--quiet"],
    ...["--filter", "label=oken.runner=r"],
    ...["--filter", "label=oken.record"],
  ]);
  expect(inspectRecordsArgs(["a", "b"])).toEqual([
    "config",
    "inspect",
    "--format",
    "{{json .Spec}}",
    "a",
    "b",
  ]);
});

test("records are read as they were written, and what a later version keeps is left", async () => {
  const labels = { "oken.agent": "Echo", "oken.number": "7", "oken.version": "3" };
  const spec = (kind: string) =>
    JSON.stringify({ Name: kind, Labels: { ...labels, "oken.record": kind }, Data: btoa("\xc3\xa9") });
  const exec = execWith({
    "config ls": "a\nb\n",
    "config inspect": `${spec("version")}\n${spec("later")}\n`,
  });
  expect(await createRecords(exec, "r").records()).toEqual([{ ...record, name: "version" }]);
});

test("records are listed again when one goes while they are read", async () => {
  const spec = JSON.stringify({
    Name: "name",
    Labels: { "oken.record": "agent", "oken.agent": "Echo", "oken.number": "1" },
    Data: "",
  });
  const lists = ["a\nb\n", "b\n"];
  const exec = {
    ...execWith({}),
    async run(args: string[]) {
      if (args[1] === "ls") return lists.shift() ?? "";
      if (args.includes("a"))
        throw new RunnerError("CONTAINER_ERROR", "config a not found", {
          details: { reason: "no_such_object" },
        });
      return spec;
    },
  };
  expect(await createRecords(exec, "r").records()).toMatchObject([{ agentId: "Echo", number: 1 }]);
});

test("a number that is taken is no error, and a record that is gone neither", async () => {
  const taken = createRecords(execWith({}, "already_exists"), "r");
  expect(await taken.keepRecord(record)).toBeUndefined();
  const kept = execWith({ "config create": "id\n" });
  expect(await createRecords(kept, "r").keepRecord(record)).toMatch(/^oken-version-/);
  expect(kept.given[0]?.input).toBe("é");
  await createRecords(execWith({}, "no_such_object"), "r").dropRecords(["a"]);
  await expect(createRecords(execWith({}), "r").dropRecords(["a"])).rejects.toThrow("refused");
});

test("a claim is a service without tasks, and a beat changes its label", () => {
  expect(createClaimArgs({ runnerId: "r", generation: 7, holder: "{}" })).toEqual([
    ...["service", "create", "--detach", "--quiet", "--no-resolve-image"],
    ...["--name", "oken-runner-r-7"],
    ...["--replicas", "0"],
    ...["--label", "oken.runner=r"],
    ...["--label", "oken.claim={}"],
    "oken-runner",
  ]);
  expect(beatArgs({ runnerId: "r", generation: 7 }, "x")).toEqual([
    ...["service", "update", "--detach", "--quiet"],
    ...["--label-add", "oken.beat=x"],
    "oken-runner-r-7",
  ]);
  expect(CLAIM_IDS_ARGS).toEqual(["service", "ls", "--quiet", "--filter", "label=oken.claim"]);
  expect(inspectClaimsArgs(["a"])).toEqual(["service", "inspect", "--format", "{{json .}}", "a"]);
});

test("a claim has the version of its service as its beat", async () => {
  const labels = { "oken.runner": "r", "oken.claim": '{"a":"b"}' };
  const inspected = JSON.stringify({
    Version: { Index: 22 },
    Spec: { Name: "oken-runner-r-7", Labels: labels },
  });
  const exec = execWith({ "service ls": "id\n", "service inspect": `${inspected}\n` });
  expect(await createSwarmClaims(exec).claims()).toEqual([
    { name: "oken-runner-r-7", runnerId: "r", generation: 7, holder: '{"a":"b"}', beat: 22 },
  ]);
});

test("a beat of a claim that is gone says so", async () => {
  const claim = { runnerId: "r", generation: 7 };
  expect(await createSwarmClaims(execWith({}, "no_such_object")).beat(claim)).toBe(false);
  expect(await createSwarmClaims(execWith({ "service update": "" })).beat(claim)).toBe(true);
  await expect(createSwarmClaims(execWith({})).beat(claim)).rejects.toThrow("refused");
});
