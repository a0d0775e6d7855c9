import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import * as args from "./args.ts";
import type { DockerExec, StreamedChunk } from "./exec.ts";
import { runnerLabels } from "./labels.ts";
import { splitLines } from "./lines.ts";
import type { ContainerDeath, Engine } from "./types.ts";

const DieEvent = Type.Object({
  Actor: Type.Object({ ID: Type.String(), Attributes: Type.Record(Type.String(), Type.String()) }),
});

export function createEvents(exec: DockerExec, runnerId: string): Pick<Engine, "deaths"> {
  return {
    async *deaths({ signal }) {
      const chunks = exec.stream(args.deathsArgs(runnerLabels(runnerId)), { signal });
      for await (const line of splitLines(standardOutput(chunks))) {
        const death = parseDeath(line);
        if (death !== undefined) yield death;
      }
    },
  };
}

async function* standardOutput(chunks: AsyncIterable<StreamedChunk>): AsyncGenerator<string> {
  for await (const chunk of chunks) if (chunk.stream === "stdout") yield chunk.text;
}

function parseDeath(line: string): ContainerDeath | undefined {
  if (!line.startsWith("{")) return undefined;
  const event: unknown = JSON.parse(line);
  if (!Value.Check(DieEvent, event)) return undefined;
  const { name = "", exitCode = "0" } = event.Actor.Attributes;
  return { id: event.Actor.ID, name, exitCode: Number(exitCode) };
}
