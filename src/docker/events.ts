import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import { parseJson } from "../lib/json.ts";
import { isAgentNetwork } from "./networks/agent-networks.ts";
import { unreadable } from "./errors.ts";
import type { StreamedChunk } from "./commands/merged-output.ts";
import type { DockerExec } from "./exec.ts";
import { runnerLabels } from "./labels.ts";
import { splitLines } from "./lines.ts";
import type { OwnNames } from "./own-names.ts";
import type { Engine, EngineEvent } from "./types.ts";

/** A container's attributes are its labels, and more. */
const Message = Type.Object({
  Type: Type.String(),
  Action: Type.String(),
  Actor: Type.Object({ ID: Type.String(), Attributes: Type.Record(Type.String(), Type.String()) }),
});

/** The most that may come between the events, characters: another program may be in docker's place. */
const MAX_NOISE = 64 * 1024;

/** Of every container and network: a filter by label would drop the events of networks. */
const ARGS = [
  "events",
  ...["--filter", "type=container"],
  ...["--filter", "type=network"],
  ...["--filter", "event=die"],
  ...["--filter", "event=kill"],
  ...["--filter", "event=oom"],
  ...["--filter", "event=pause"],
  ...["--filter", "event=unpause"],
  ...["--filter", "event=rename"],
  ...["--filter", "event=disconnect"],
  ...["--filter", "event=destroy"],
  ...["--format", "{{json .}}"],
];

/** Whose events are told. */
export type EventsOptions = { runnerId: string; network: string };

export function createEvents(
  exec: DockerExec,
  options: EventsOptions & { names: Pick<OwnNames, "renamed"> },
): Pick<Engine, "events"> {
  return {
    async *events({ signal }) {
      const chunks = exec.stream(ARGS, { signal });
      let noise = 0;
      for await (const line of splitLines(standardOutput(chunks))) {
        const event = parseEvent(line, options);
        if (event?.type === "renamed") void options.names.renamed(event);
        else if (event !== undefined) yield event;
        if (!line.startsWith("{")) noise += line.length + 1;
        if (noise > MAX_NOISE) throw unreadable(ARGS, line);
      }
    },
  };
}

async function* standardOutput(chunks: AsyncIterable<StreamedChunk>): AsyncGenerator<string> {
  for await (const chunk of chunks) if (chunk.stream === "stdout") yield chunk.text;
}

type Renamed = { type: "renamed"; id: string; name: string; oldName: string };

/** A line of `docker events`; undefined if it is not about this runner. */
export function parseEvent(
  line: string,
  { runnerId, network }: EventsOptions,
): EngineEvent | Renamed | undefined {
  if (!line.startsWith("{")) return undefined;
  const message = parseJson(line);
  if (!Value.Check(Message, message)) return undefined;
  const { Attributes: attributes } = message.Actor;
  if (message.Type === "network")
    return isAgentNetwork(network, attributes["name"] ?? "") ? ofNetwork(message) : undefined;
  const isOwn = Object.entries(runnerLabels(runnerId)).every(([label, value]) => attributes[label] === value);
  return isOwn ? ofContainer(message) : undefined;
}

function ofNetwork({ Action, Actor }: Static<typeof Message>): EngineEvent | undefined {
  if (Action === "destroy") return { type: "network-removed" };
  const id = Actor.Attributes["container"];
  return Action === "disconnect" && id !== undefined ? { type: "disconnect", id } : undefined;
}

function ofContainer({ Action, Actor }: Static<typeof Message>): EngineEvent | Renamed | undefined {
  const { ID: id, Attributes: attributes } = Actor;
  switch (Action) {
    case "die":
      return { type: "exit", id, exitCode: Number(attributes["exitCode"] ?? 0) };
    case "kill":
      return { type: "signal", id, signal: Number(attributes["signal"] ?? 0) };
    case "rename":
      return { type: "renamed", id, name: bare(attributes["name"]), oldName: bare(attributes["oldName"]) };
    case "oom":
    case "pause":
    case "unpause":
      return { type: Action, id };
    default:
      return undefined;
  }
}

/** The engine has the old name with a slash, and the new one without. */
function bare(name = ""): string {
  return name.replace(/^\//, "");
}
