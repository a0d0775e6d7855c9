import { createFakeEngine } from "../helpers/fake-engine.ts";
import { diskCases } from "./disk.case.ts";
import { failOverCases } from "./fail-over.case.ts";
import { engineCases } from "./engine.case.ts";

const HOST_CPUS = 2;
const KILLED = 137;

engineCases("the fake engine", async () => {
  const fake = createFakeEngine({ runnerId: "contract", hostCpus: HOST_CPUS });
  fake.images.set("program:v1", {});
  return {
    engine: fake,
    runnerId: "contract",
    image: "program:v1",
    missingImage: "program:v0",
    removesWith: 9,
    hostCpus: HOST_CPUS,
    outside: {
      print: async (name, line) => fake.print(name, line),
      exit: async (name, exitCode) => fake.exit(name, exitCode),
      runOutOfMemory: async (name) => fake.exit(name, KILLED, { oomKilled: true }),
      signal: async (name, number) => fake.signal(name, number),
      pause: async (name) => fake.pause(name),
      unpause: async (name) => fake.unpause(name),
      disconnect: async (name) => fake.disconnect(name),
      removeNetwork: async () => fake.removeNetwork(),
    },
    async [Symbol.asyncDispose]() {},
  };
});

failOverCases(async () => ({
  engine: createFakeEngine({ runnerId: "contract" }),
  runnerId: "contract",
  async [Symbol.asyncDispose]() {},
}));

diskCases(async () => ({
  engine: createFakeEngine({ runnerId: "contract" }),
  runnerId: "contract",
  async [Symbol.asyncDispose]() {},
}));
