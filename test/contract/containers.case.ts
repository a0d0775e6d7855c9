import { expect, test } from "bun:test";

import type { Abilities } from "../../src/docker/types.ts";
import { eventually } from "../helpers/eventually.ts";
import { type CreateSubject, exited, required, specOf } from "./subject.ts";

const NO_SUCH_OBJECT = { code: "CONTAINER_ERROR", details: { reason: "no_such_object" } };

export function containerCases(can: Abilities, create: CreateSubject): void {
  test("gives a container that is started otherwise another fingerprint", async () => {
    await using subject = await create();
    const { engine } = subject;
    const spec = specOf(subject);
    const fingerprint = await engine.containerFingerprint(spec);
    expect(await engine.containerFingerprint({ ...spec })).toBe(fingerprint);
    const others = [
      { ...spec, memory: spec.memory + 1 },
      { ...spec, cpus: spec.cpus + 1 },
      { ...spec, env: { ...spec.env, ADDED: "1" } },
      { ...spec, mounts: [...spec.mounts, { source: "/a", target: "/b", isSecret: false }] },
    ];
    const all = await Promise.all(others.map((other) => engine.containerFingerprint(other)));
    expect(new Set([fingerprint, ...all]).size).toBe(others.length + 1);
  });

  test("answers a ping with its version", async () => {
    await using subject = await create();
    expect(await subject.engine.ping()).toEqual({ version: expect.stringMatching(/./) });
  });

  test("says what it and the CLI have", async () => {
    await using subject = await create();
    expect(await subject.engine.offers()).toEqual({
      version: expect.stringMatching(/^\d+\./),
      hasBuildx: true,
      runtimes: expect.arrayContaining(["runc"]),
    });
  });

  test("starts a container, and makes the network for it if that is its own", async () => {
    await using subject = await create();
    const { engine } = subject;
    const spec = specOf(subject);
    expect(await engine.networkExists()).toBe(!can.egress);
    const container = await engine.startContainer(spec);
    expect(container).toMatchObject({
      id: expect.stringMatching(/^[0-9a-z]{25,64}$/),
      name: spec.name,
      address: expect.stringMatching(/^\d+\.\d+\.\d+\.\d+$/),
    });
    const expected = { ...container, running: true, identity: spec.identity };
    expect(await engine.inspectContainer(spec.name)).toMatchObject({
      ...expected,
      exitCode: 0,
      oomKilled: false,
    });
    expect(await engine.listContainers()).toMatchObject([{ ...expected, cpus: 0.5 }]);
    expect(await engine.networkExists()).toBe(true);
  });

  test("makes the network once", async () => {
    await using subject = await create();
    await subject.engine.ensureNetwork();
    await subject.engine.ensureNetwork();
    expect(await subject.engine.networkExists()).toBe(true);
  });

  test("replaces a container of the same name", async () => {
    await using subject = await create();
    const spec = specOf(subject);
    const first = await subject.engine.startContainer(spec);
    const second = await subject.engine.startContainer(spec);
    expect(second.id).not.toBe(first.id);
    expect(await subject.engine.listContainers()).toMatchObject([{ id: second.id }]);
  });

  test("refuses to start a missing image, and leaves no container", async () => {
    await using subject = await create();
    const spec = specOf(subject, { image: subject.missingImage });
    await expect(subject.engine.startContainer(spec)).rejects.toMatchObject(NO_SUCH_OBJECT);
    expect(await subject.engine.inspectContainer(spec.name)).toBeUndefined();
  });

  test("stops a container with SIGTERM, and starts it again", async () => {
    await using subject = await create();
    const { engine } = subject;
    const spec = specOf(subject);
    await engine.startContainer(spec);
    const first = await engine.inspectContainer(spec.name);
    await engine.stopContainer(spec.name, 10);
    expect(await engine.inspectContainer(spec.name)).toMatchObject({ running: false, exitCode: 143 });
    const again = await engine.restartContainer(spec);
    const second = await engine.inspectContainer(spec.name);
    expect(second).toMatchObject({ ...again, running: true, exitCode: 0, identity: spec.identity });
    expect(Date.parse(second?.startedAt ?? "")).toBeGreaterThan(Date.parse(first?.startedAt ?? ""));
  });

  test.skipIf(!can.pause)("pauses a container, which keeps what it has, and lets it go on", async () => {
    await using subject = await create();
    const { engine } = subject;
    const spec = specOf(subject);
    const { id } = await engine.startContainer(spec);
    for (const _ of ["once", "again"]) await engine.pauseContainer(id);
    expect(await engine.inspectContainer(spec.name)).toMatchObject({ running: true, paused: true });
    expect(await engine.listContainers()).toMatchObject([{ running: true, paused: true }]);
    for (const _ of ["once", "again"]) expect(await engine.unpauseContainer(id)).toBe(true);
    expect(await engine.inspectContainer(spec.name)).toMatchObject({ running: true, paused: false });
  });

  test.skipIf(!can.pause)(
    "stops a paused container with SIGTERM, starts one that is paused, and pauses none that does not run",
    async () => {
      await using subject = await create();
      const { engine, outside } = subject;
      const spec = specOf(subject);
      const { id } = await engine.startContainer(spec);
      await required(outside.pause)(spec.name);
      expect(await engine.restartContainer(spec)).toMatchObject({ id });
      expect(await engine.inspectContainer(spec.name)).toMatchObject({ running: true, paused: false });
      await engine.pauseContainer(id);
      await engine.stopContainer(spec.name, 10);
      expect(await engine.inspectContainer(spec.name)).toMatchObject({
        ...{ running: false, paused: false, exitCode: 143 },
      });
      await expect(engine.pauseContainer(id)).rejects.toMatchObject({ code: "CONTAINER_ERROR" });
      expect(await engine.unpauseContainer(id)).toBe(false);
      await engine.removeContainer(spec.name);
      expect(await engine.unpauseContainer(id)).toBe(false);
      await expect(engine.pauseContainer(id)).rejects.toMatchObject({ code: "CONTAINER_ERROR" });
    },
  );

  test.skipIf(!can.egress)("does not restart a container whose network is gone", async () => {
    await using subject = await create();
    const spec = specOf(subject);
    await subject.engine.startContainer(spec);
    await subject.engine.stopContainer(spec.name, 0);
    await required(subject.outside.removeNetwork)();
    expect(await subject.engine.restartContainer(spec)).toBeUndefined();
  });

  test.skipIf(!can.egress)(
    "does not restart a container that was disconnected from the network, but replaces it",
    async () => {
      await using subject = await create();
      const { engine, outside } = subject;
      const spec = specOf(subject);
      await engine.startContainer(spec);
      await required(outside.disconnect)(spec.name);
      expect(await engine.inspectContainer(spec.name)).toMatchObject({ running: true, address: "" });
      expect(await engine.restartContainer(spec)).toBeUndefined();
      await engine.stopContainer(spec.name, 0);
      expect(await engine.restartContainer(spec)).toBeUndefined();
      expect(await engine.startContainer(spec)).toMatchObject({ address: expect.stringMatching(/^\d/) });
    },
  );

  test("removes a container that runs", async () => {
    await using subject = await create();
    const spec = specOf(subject);
    await subject.engine.startContainer(spec);
    await subject.engine.removeContainer(spec.name);
    expect(await subject.engine.listContainers()).toEqual([]);
  });

  test("says how a container exited", async () => {
    await using subject = await create();
    const { engine, outside } = subject;
    const spec = specOf(subject);
    await engine.startContainer(spec);
    await outside.exit(spec.name, 3);
    await exited(subject, spec.name);
    expect(await engine.inspectContainer(spec.name)).toMatchObject({ exitCode: 3, oomKilled: false });
    await engine.restartContainer(spec);
    expect(await engine.inspectContainer(spec.name)).toMatchObject({ running: true });
  });

  test.skipIf(!can.outOfMemory)("says that a container was out of memory", async () => {
    await using subject = await create();
    const { engine, outside } = subject;
    const spec = specOf(subject);
    await engine.startContainer(spec);
    await required(outside.runOutOfMemory)(spec.name);
    await exited(subject, spec.name);
    expect(await engine.inspectContainer(spec.name)).toMatchObject({ exitCode: 137, oomKilled: true });
  });

  test("does nothing to a container that does not exist", async () => {
    await using subject = await create();
    const { engine } = subject;
    const name = "oken-test-nobody";
    await engine.stopContainer(name, 0);
    await engine.removeContainer(name);
    await engine.limitCpus(name, 0.5);
    await engine.boostCpus(name, 0.5);
    await engine.deferCpus(name, true);
    expect(await engine.cpuTimes([name])).toEqual({});
    expect(await engine.inspectContainer(name)).toBeUndefined();
    expect(await engine.restartContainer(specOf(subject, { name }))).toBeUndefined();
    expect(await engine.usage(name)).toBeUndefined();
    expect(await engine.listContainers()).toEqual([]);
  });

  test.skipIf(!can.shareCpus)("lends a container all of the host's CPUs while it starts", async () => {
    await using subject = await create();
    const { engine, hostCpus } = subject;
    const spec = specOf(subject, { boost: true });
    const cpus = async () => (await engine.listContainers()).map((container) => container.cpus);
    const { id } = await engine.startContainer(spec);
    expect(await cpus()).toEqual([undefined]);
    await engine.limitCpus(id, spec.cpus);
    expect(await cpus()).toEqual([spec.cpus]);
    await engine.stopContainer(spec.name, 0);
    await engine.boostCpus(id, spec.cpus);
    await engine.restartContainer(spec);
    expect(await cpus()).toEqual([hostCpus]);
    await engine.limitCpus(id, spec.cpus);
    expect(await cpus()).toEqual([spec.cpus]);
  });

  test.skipIf(!can.usage)("measures what a container uses", async () => {
    await using subject = await create();
    const spec = specOf(subject);
    const { id } = await subject.engine.startContainer(spec);
    await eventually(async () =>
      expect(await subject.engine.usage(id)).toEqual({
        memoryBytes: expect.any(Number),
        cpuPercent: expect.any(Number),
        processes: expect.any(Number),
      }),
    );
  });
}
