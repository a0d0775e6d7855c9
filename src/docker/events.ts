import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import * as args from "./args.ts";
import type { DockerExec, StreamedChunk } from "./exec.ts";
import { runnerLabels } from "./labels.ts";
import { splitLines } from "./lines.ts";
import type { ContainerExit, Engine } from "./types.ts";

const DieEvent = Type.Object({
  Actor: Type.Object({ ID: Type.String(), Attributes: Type.Record(Type.String(), Type.String()) }),
});

export function createEvents(exec: DockerExec, runnerId: string): Pick<Engine, "exits"> {
  return {
    async *exits({ signal }) {
      const chunks = exec.stream(args.exitsArgs(runnerLabels(runnerId)), { signal });
      for await (const line of splitLines(standardOutput(chunks))) {
        const exit = parseExit(line);
        if (exit !== undefined) yield exit;
      }
    },
  };
}

async function* standardOutput(chunks: AsyncIterable<StreamedChunk>): AsyncGenerator<string> {
  for await (const chunk of chunks) if (chunk.stream === "stdout") yield chunk.text;
}

function parseExit(line: string): ContainerExit | undefined {
  if (!line.startsWith("{")) return undefined;
  const event: unknown = JSON.parse(line);
  if (!Value.Check(DieEvent, event)) return undefined;
  const { name = "", exitCode = "0" } = event.Actor.Attributes;
  return { id: event.Actor.ID, name, exitCode: Number(exitCode) };
}
