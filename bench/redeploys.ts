/** Invokes at a steady rate while their agent is deployed anew and rolled back, again and again: none may fail. */
import { startRunner } from "../test/helpers/runner.ts";
import { type Row, median } from "./report.ts";
import { type Session, progress, runBenchmarks } from "./session.ts";
import { AGENT, PER_SECOND, type Serving, deploy, startInvokes } from "./steady-invokes.ts";

/** Redeploys and rollbacks, unless the command line says how many. */
const REDEPLOYS = Number(process.argv[2] ?? 50);
const ROLLBACKS = Number(process.argv[3] ?? 20);

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

if (import.meta.main) await runBenchmarks([measureRedeploys]);
