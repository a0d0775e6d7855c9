/** Invokes at a steady rate while their agent is deployed anew and rolled back, again and again: none may fail. */
import { type TestRunner, startRunner } from "../test/helpers/runner.ts";
import { type Row, median } from "./report.ts";
import { type Session, progress, runBenchmarks } from "./session.ts";

/** Redeploys and rollbacks, unless the command line says how many. */
const REDEPLOYS = Number(process.argv[2] ?? 50);
const ROLLBACKS = Number(process.argv[3] ?? 20);

const PER_SECOND = 200;

const AGENT = "steady";

/** Its answer is its version. */
const files = (version: number) => ({
  "oken.toml": 'name = "Steady"\nconcurrency = 20',
  "main.py": `def handler(input):\n    return ${version}\n`,
});

/** Versions that serve, or are about to: an answer by any other is wrong. */
type Serving = { now: number; next: number };

/** What was asked, and what came of it. */
type Tally = { sent: number; failed: string[]; foreign: number };

export async function measureRedeploys({ stack, signal }: Session): Promise<Row[]> {
  const runner = stack.use(await startRunner());
  let code = 1;
  await deploy(runner, code);
  const serving: Serving = { now: code, next: code };
  const load = startInvokes(runner, serving);
  const took: number[] = [];
  const redeploy = async () => {
    code += 1;
    const from = performance.now();
    serving.next = code;
    await deploy(runner, code);
    took.push(performance.now() - from);
    // What was sent before the answer may still be inside the version before.
    await load.settled();
    serving.now = code;
  };
  const rollBack = async () => {
    const before = serving.now - 1;
    serving.next = before;
    const { status, body } = await runner.request<{ error?: string }>("POST", `/rollback/${AGENT}`);
    if (status !== 200) throw new Error(`the rollback failed: ${body.error}`);
    await load.settled();
    serving.now = before;
  };
  try {
    for (let round = 0; round < REDEPLOYS; round += 1) {
      progress(`redeploys: ${round + 1} of ${REDEPLOYS}`);
      signal.throwIfAborted();
      await redeploy();
      if (round < ROLLBACKS) await rollBack();
    }
  } finally {
    await load.end();
  }
  const { sent, failed, foreign } = load.tally;
  for (const reason of new Set(failed)) progress(`failed: ${reason}`);
  const name = `${REDEPLOYS} redeploys and ${ROLLBACKS} rollbacks, ${PER_SECOND} invokes a second`;
  return [
    { name: `${name}: sent`, runner: sent, unit: "" },
    { name: "of them failed", runner: failed.length, unit: "", bars: { max: 0 } },
    { name: "of them answered by a third version", runner: foreign, unit: "", bars: { max: 0 } },
    { name: "a redeploy meanwhile", runner: median(took), unit: "ms" },
  ];
}

/** Sends invokes at their moments, however long the answers take. */
function startInvokes(runner: TestRunner, serving: Serving) {
  const tally: Tally = { sent: 0, failed: [], foreign: 0 };
  const inside = new Set<Promise<void>>();
  const startedAt = performance.now();
  const due = () => ((performance.now() - startedAt) / 1000) * PER_SECOND;
  const one = async () => {
    const answer = await fetch(`${runner.url}/invoke/${AGENT}`, { method: "POST", body: '{"input":0}' });
    const text = await answer.text();
    if (answer.status === 200) {
      const { output } = JSON.parse(text);
      if (output !== serving.now && output !== serving.next) tally.foreign += 1;
    } else tally.failed.push(`${answer.status} ${text.slice(0, 200)}`);
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

async function deploy(runner: TestRunner, version: number): Promise<void> {
  const { status, body } = await runner.deploy(AGENT, files(version));
  if (status !== 200) throw new Error(`the deploy failed: ${body.error}`);
}

if (import.meta.main) await runBenchmarks([measureRedeploys]);
