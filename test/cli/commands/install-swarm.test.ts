import { expect, test } from "bun:test";

import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import { loadConfig } from "../../../src/config/load.ts";
import { runInProcess } from "../../helpers/cli.ts";
import { run } from "../../helpers/run.ts";
import { scratchDirectory } from "../../fixtures/archives/scratch.ts";

const REGISTRY = ["--registry", "registry.example.com:5000"];

const Understood = Type.Object({
  services: Type.Object({
    runner: Type.Object({ environment: Type.Record(Type.String(), Type.String()) }),
  }),
});

/** The service as the docker command understands the file. */
async function understood(args: string[]) {
  const { status, out, err } = await runInProcess(["install-swarm", ...args]);
  expect({ status, err }).toMatchObject({ status: 0 });
  await using scratch = await scratchDirectory();
  const path = scratch.path("oken.yaml");
  await Bun.write(path, out);
  return Bun.YAML.parse(await run(["docker", "stack", "config", "--compose-file", path]));
}

test("docker understands the file: managers, one runner on each, with the settings that were given", async () => {
  const given = ["--public-url", "https://oken.example.com/$1", "--port", "9000"];
  expect(
    await understood([...REGISTRY, ...given, "--image", "example.com/oken:1", "--replicas", "3"]),
  ).toMatchObject({
    services: {
      runner: {
        image: "example.com/oken:1",
        command: ["serve"],
        deploy: {
          replicas: 3,
          placement: { constraints: ["node.role == manager"], max_replicas_per_node: 1 },
        },
        environment: {
          OKEN_BACKEND: "swarm",
          OKEN_REGISTRY: "registry.example.com:5000",
          OKEN_PUBLIC_URL: expect.stringMatching(/^https:\/\/oken\.example\.com\/\$?\$1$/),
          OKEN_PORT: "9000",
          OKEN_HOST: "0.0.0.0",
          OKEN_API_TOKENS_FILE: "/run/secrets/oken-tokens",
          OKEN_SECRETS_KEY_FILE: "/run/secrets/oken-secrets-key",
        },
        healthcheck: { disable: true },
      },
    },
    secrets: { "oken-tokens": { external: true }, "oken-secrets-key": { external: true } },
  });
});

test("the runner knows every setting that the file has for it", async () => {
  const { services } = Value.Parse(Understood, await understood(REGISTRY));
  // The swarm's files are in its tasks alone.
  const here = Object.entries(services.runner.environment).map(([name, value]) => [
    name,
    value.startsWith("/run/secrets/") ? import.meta.path : value,
  ]);
  expect(loadConfig(Object.fromEntries(here))).toMatchObject({
    ...{ backend: "swarm", tokensFile: import.meta.path, secretsKeyFile: import.meta.path },
  });
});

test.each([
  [[], "OKEN_REGISTRY is not set"],
  [[...REGISTRY, "--port", "many"], '--port is "many", but must be a whole number from 0 to 65535.'],
  [[...REGISTRY, "--replicas", "0"], "from 1 to 7"],
])("%p is refused, and nothing is printed", async (args, sentence) => {
  const { status, out, err } = await runInProcess(["install-swarm", ...args]);
  expect({ status, out }).toEqual({ status: 2, out: "" });
  expect(err).toContain(sentence);
});
