/** Invokes of one agent at a steady rate, whose answer is its version. */
import type { Client } from "../test/helpers/client.ts";

export const PER_SECOND = 200;

export const AGENT = "steady";

export const filesOf = (version: number) => ({
  "oken.toml": 'name = "Steady"\nconcurrency = 20',
  "main.py": `def handler(input):\n    return ${version}\n`,
});

/** Versions that serve, or are about to: an answer by any other is wrong. */
export type Serving = { now: number; next: number };

/** What was asked, and what came of it. */
type Tally = { sent: number; failed: string[]; foreign: number };

/** Sends invokes at their moments, however long the answers take. */
export function startInvokes(client: Pick<Client, "invoke">, serving: Serving) {
  const tally: Tally = { sent: 0, failed: [], foreign: 0 };
  const inside = new Set<Promise<void>>();
  const startedAt = performance.now();
  const due = () => ((performance.now() - startedAt) / 1000) * PER_SECOND;
  const one = async () => {
    const { status, body } = await client.invoke(AGENT, 0);
    if (status !== 200) tally.failed.push(`${status} ${JSON.stringify(body).slice(0, 200)}`);
    else if (body.output !== serving.now && body.output !== serving.next) tally.foreign += 1;
  };
  const timer = setInterval(() => {
    while (tally.sent < due()) {
      tally.sent += 1;
      const call = one()
        .catch((error: unknown) => void tally.failed.push(String(error)))
        .finally(() => inside.delete(call));
      inside.add(call);
    }
  }, 5);
  return {
    tally,
    /** Resolves when what is inside now has ended. */
    settled: () => Promise.all(inside),
    async end() {
      clearInterval(timer);
      await Promise.all(inside);
    },
  };
}

export async function deploy(client: Pick<Client, "deploy">, version: number): Promise<void> {
  const { status, body } = await client.deploy(AGENT, filesOf(version));
  if (status !== 200) throw new Error(`the deploy failed: ${body.error}`);
}
