import { IMAGE_USER_ID } from "../../lib/agent-container.ts";
import type { DockerExec } from "../exec.ts";

/** Where the images of agents have a Python that is not theirs. */
const PYTHON = "/usr/local/bin/python3";

/** What a container says that could not connect. */
const KEPT_OUT = "kept out";

/** Whoever may connect does so within milliseconds: both ends are on this host. */
const CONNECT_SECONDS = 2;

/** A container starts within a second; a busy engine takes some more. */
const PROBE_TIMEOUT_MS = 60_000;

/** Tries each address and port that it is given. */
const PROGRAM = `import socket, sys
for host, port in zip(sys.argv[1::2], sys.argv[2::2]):
    try:
        socket.create_connection((host, int(port)), ${CONNECT_SECONDS}).close()
    except OSError:
        continue
    print("reached", host, port)
    break
else:
    print("${KEPT_OUT}")
`;

export type ProbeOptions = {
  name: string;
  labels: Record<string, string>;
  network: string;
  /** Any image of an agent. */
  image: string;
  canaries: { address: string; port: number }[];
};

/** A container that tries to reach what no agent may. It says whether it could. */
function probeArgs({ name, labels, network, image, canaries }: ProbeOptions): string[] {
  return [
    "run",
    "--rm",
    ...["--name", name],
    ...Object.entries(labels).flatMap(([label, value]) => ["--label", `${label}=${value}`]),
    ...["--network", network],
    ...["--pull", "never"],
    ...["--user", `${IMAGE_USER_ID}:${IMAGE_USER_ID}`],
    ...["--cap-drop", "ALL"],
    ...["--security-opt", "no-new-privileges"],
    "--read-only",
    ...["--memory", "64m"],
    ...["--memory-swap", "64m"],
    ...["--pids-limit", "16"],
    ...["--log-driver", "none"],
    ...["--entrypoint", PYTHON],
    "--",
    image,
    ...["-I", "-S", "-c", PROGRAM],
    ...canaries.flatMap(({ address, port }) => [address, String(port)]),
  ];
}

export type Canaries = {
  /** Where a container in the network reached the host; undefined if it could not. */
  reached(options: { network: string; image: string; gateways: string[] }): Promise<string | undefined>;
};

/** Listens on the host's addresses in a network, and has a container try to reach them. */
export function createCanaries(exec: DockerExec, labels: Record<string, string>): Canaries {
  return {
    async reached({ network, image, gateways }) {
      const listeners = gateways.map((hostname) =>
        Bun.listen({
          hostname,
          port: 0,
          socket: { open: (socket) => void socket.end(), data: () => undefined },
        }),
      );
      try {
        const canaries = listeners.map(({ hostname: address, port }) => ({ address, port }));
        const name = `oken-probe-${crypto.randomUUID()}`;
        const output = await exec.run(probeArgs({ name, labels, network, image, canaries }), {
          timeoutMs: PROBE_TIMEOUT_MS,
        });
        return output.includes(KEPT_OUT)
          ? undefined
          : output
              .trim()
              .replace(/^reached /, "")
              .replace(" ", " port ");
      } finally {
        for (const listener of listeners) listener.stop(true);
      }
    },
  };
}
