import { docker } from "./docker.ts";

const LINES = 25;

/** Python that prints the time of day at uneven intervals, for four seconds. */
export const SPEAKER = `
import random, time
for _ in range(${LINES}):
    print("spoken at", time.time())
    time.sleep(random.uniform(0.05, 0.25))
`;

export type Latencies = {
  /** Takes a line that has just arrived. */
  hear(line: string): void;
  count(): number;
  /** Milliseconds from a line's being printed to its arrival. */
  median(): number;
  max(): number;
};

export function createLatencies(): Latencies {
  const heard: number[] = [];
  const sorted = () => heard.toSorted((a, b) => a - b);
  return {
    hear(line) {
      const spokenAt = /spoken at (\d+\.\d+)/.exec(line)?.[1];
      if (spokenAt !== undefined) heard.push(Date.now() - Number(spokenAt) * 1000);
    },
    count: () => heard.length,
    median: () => sorted()[heard.length >> 1] ?? Number.NaN,
    max: () => sorted().at(-1) ?? Number.NaN,
  };
}

/** The same lines straight from a container: what this machine's engine takes at this time. */
export async function measureByHand(image: string): Promise<Latencies> {
  const latencies = createLatencies();
  const name = `oken-test-${crypto.randomUUID()}`;
  const options = [
    "--rm",
    "--name",
    name,
    "--network",
    "none",
    "--log-driver",
    "none",
    "--entrypoint",
    "python3",
  ];
  try {
    const child = Bun.spawn(["docker", "run", ...options, image, "-u", "-c", SPEAKER], {
      stdout: "pipe",
      stderr: "ignore",
    });
    let rest = "";
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) latencies.hear(line);
    }
    return latencies;
  } finally {
    await docker(["rm", "--force", name]).catch(() => []);
  }
}
