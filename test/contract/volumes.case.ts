import { describe, expect, test } from "bun:test";

import { type CreateSubject, type Subject, specOf } from "./subject.ts";

function volume({ runnerId }: Subject, name: string, shared = false) {
  return { name: `oken-test-${runnerId}-${name}`, path: `/${name}`, shared };
}

const running = async ({ engine }: Subject) =>
  (await engine.listContainers()).filter((it) => it.running).map(({ name }) => name);

export function volumeCases(create: CreateSubject): void {
  describe("volumes", () => {
    test("are made with their container, outlive it, and go when they are removed", async () => {
      await using subject = await create();
      const { engine } = subject;
      const volumes = [volume(subject, "data"), volume(subject, "models", true)];
      const { name } = await engine.startContainer(specOf(subject, { volumes }));
      const names = volumes.map((it) => it.name);
      const listed = volumes.map((it) => ({ name: it.name, agentId: "Echo", path: it.path }));
      await expect(engine.removeVolumes(names)).rejects.toMatchObject({ code: "CONTAINER_ERROR" });
      const gone = `oken-test-${subject.runnerId}-gone`;
      const used = await engine.measureVolumes({ image: subject.image, names: [...names, gone] });
      expect(Object.entries(used).filter(([, bytes]) => bytes < 64 * 1024)).toHaveLength(2);
      await engine.removeContainer(name);
      const sorted = (await engine.listVolumes()).sort((a, b) => (a.name < b.name ? -1 : 1));
      expect(sorted).toEqual(listed);
      for (let round = 0; round < 2; round += 1) await engine.removeVolumes(names);
      expect(await engine.listVolumes()).toEqual([]);
    });

    test("one that is not shared is taken from a container that was left with it", async () => {
      await using subject = await create();
      const { engine } = subject;
      const volumes = [volume(subject, "data")];
      const first = specOf(subject, { volumes });
      const second = specOf(subject, { volumes });
      await engine.startContainer(first);
      await engine.startContainer(second);
      expect(await running(subject)).toEqual([second.name]);
      await engine.restartContainer(first);
      expect(await running(subject)).toEqual([first.name]);
    });

    test("one that is shared is had by two", async () => {
      await using subject = await create();
      const { engine } = subject;
      const specs = [1, 2].map(() => specOf(subject, { volumes: [volume(subject, "data", true)] }));
      for (const spec of specs) await engine.startContainer(spec);
      expect((await running(subject)).sort()).toEqual(specs.map(({ name }) => name).sort());
    });
  });
}
