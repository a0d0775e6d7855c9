import { IMAGE_USER_ID } from "../../lib/agent-container.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Node } from "../../model/node.ts";
import type { DockerExec } from "../exec.ts";
import { avoidArgs } from "./chosen-nodes.ts";
import { type Job, removeJobs, runJob } from "./job.ts";
import { exitCodeOf, hasEnded, readTasks } from "./tasks.ts";
import { serviceTasksArgs } from "./service-args.ts";

/** Where the images of agents have a Python that is not theirs. */
const PYTHON = "/usr/local/bin/python3";

/** On the services that probe: the runner's id. They have none of the labels of an agent's. */
export const PROBE_LABEL = "oken.probe";

/** Ports that every node listens on for the others, and every manager for nodes. */
const GOSSIP_PORT = 7946;
const MANAGER_PORT = 2377;

/** Where clouds tell their machines who they are. */
const METADATA = { address: "169.254.169.254", port: 80 };

/** Exit code of a container that reached the first address; for the next ones it is higher. */
const REACHED = 10;

/** Addresses that are tried: an exit code has a byte. */
const MAX_ADDRESSES = 200;

/** Whoever may connect does so within milliseconds: nodes are near each other. */
const CONNECT_SECONDS = 2;

/** How long a probe may take, milliseconds: a node without the base image fetches it first, which took 16 s. */
const PROBE_MS = 120_000;

/** Pause between two looks at a probe, milliseconds. */
const LOOK_MS = 250;

/** Tries all addresses at once. A connection that is refused is none: a firewall may say so too. */
const PROGRAM = `import select, socket, sys, time
sockets, poll = {}, select.poll()
for number, (host, port) in enumerate(zip(sys.argv[1::2], sys.argv[2::2])):
    one = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    one.setblocking(False)
    one.connect_ex((host, int(port)))
    sockets[one.fileno()] = number, one
    poll.register(one, select.POLLOUT)
end = time.monotonic() + ${CONNECT_SECONDS}
while sockets and time.monotonic() < end:
    for descriptor, _ in poll.poll(100):
        number, one = sockets.pop(descriptor)
        poll.unregister(descriptor)
        try:
            one.getpeername()
        except OSError:
            continue
        sys.exit(${REACHED} + number)
`;

/** What no agent may reach. */
export type Forbidden = { address: string; port: number };

/** What each node's container has found: where it got to, or `undefined` if nowhere. Nodes that said nothing are not there. */
export type Probed = ReadonlyMap<string, string | undefined>;

type ProbeRun = { image: string; nodes: Node[]; on: Node[]; tell: (probed: Probed) => void };

export type NodeProbe = {
  /** Has a container try it on each node in `on`; tells what is known so far each time that it is more. */
  run(options: ProbeRun): Promise<void>;
  /** Removes what a crash left. */
  removeLeft(): Promise<void>;
};

export function createNodeProbe({
  exec,
  runnerId,
  clock,
}: {
  exec: Pick<DockerExec, "run">;
  runnerId: string;
  clock: Pick<Clock, "monotonic" | "sleep">;
}): NodeProbe {
  async function untilOver(
    name: string,
    { places, on, tell }: { places: Forbidden[] } & Pick<ProbeRun, "on" | "tell">,
  ): Promise<void> {
    const until = clock.monotonic() + PROBE_MS;
    let known = 0;
    while (clock.monotonic() < until) {
      const ended = readTasks(await exec.run(serviceTasksArgs(name))).filter(hasEnded);
      if (ended.length > known) tell(probedOf(ended, places));
      known = ended.length;
      if (on.every(({ id }) => ended.some(({ nodeId }) => nodeId === id))) return;
      await clock.sleep(LOOK_MS);
    }
  }

  return {
    async run({ image, nodes, on, tell }) {
      const places = forbidden(nodes);
      const name = `oken-probe-${crypto.randomUUID()}`;
      const avoid = nodes.filter((node) => !on.includes(node)).map(({ id }) => id);
      const job = probeJob({ name, runnerId, image, avoid, places });
      await runJob(exec, job, () => untilOver(name, { places, on, tell }));
    },
    removeLeft: () => removeJobs(exec, labelsOf(runnerId)),
  };
}

export function forbidden(nodes: readonly Node[]): Forbidden[] {
  const managers = nodes.filter(({ role }) => role === "manager");
  return [
    METADATA,
    ...managers.map(({ address }) => ({ address, port: MANAGER_PORT })),
    ...nodes.map(({ address }) => ({ address, port: GOSSIP_PORT })),
  ].slice(0, MAX_ADDRESSES);
}

type ProbeOptions = {
  name: string;
  runnerId: string;
  image: string;
  /** The ids of nodes that it does not run on. */
  avoid: string[];
  places: Forbidden[];
};

/** A program that runs once on every other node, in the network of agents. */
export function probeJob({ name, runnerId, image, avoid, places }: ProbeOptions): Job {
  return {
    name,
    labels: labelsOf(runnerId),
    options: [...avoidArgs(avoid), "--network", "bridge"],
    userId: IMAGE_USER_ID,
    image,
    command: [
      PYTHON,
      ...["-I", "-S", "-c", PROGRAM],
      ...places.flatMap(({ address, port }) => [address, String(port)]),
    ],
  };
}

function labelsOf(runnerId: string): Record<string, string> {
  return { [PROBE_LABEL]: runnerId };
}

function probedOf(ended: ReturnType<typeof readTasks>, places: Forbidden[]): Probed {
  const said = ended.flatMap((task): [string, string | undefined][] => {
    const exitCode = exitCodeOf(task);
    if (exitCode === 0) return [[task.nodeId, undefined]];
    const place = exitCode === undefined ? undefined : places[exitCode - REACHED];
    return place === undefined ? [] : [[task.nodeId, `${place.address} port ${place.port}`]];
  });
  return new Map(said);
}
