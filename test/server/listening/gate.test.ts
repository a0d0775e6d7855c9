import { expect, test } from "bun:test";

import { createGate } from "../../../src/server/listening/gate.ts";

const SERVER = { timeout: () => undefined, requestIP: () => null, upgrade: () => false };

function fixture() {
  const gate = createGate({ answer: async () => new Response("here") });
  const answers: string[] = [];
  const ask = async (method: string, path: string) => {
    const answer = await gate.answer(new Request(`http://localhost${path}`, { method }), SERVER);
    answers.push(`${path} ${await answer?.text()}`);
  };
  return { gate, answers, ask };
}

test("what changes agents waits while another process takes over, and reads and invokes go on", async () => {
  const { gate, answers, ask } = fixture();
  gate.holdChanges();
  const waiting = [ask("POST", "/deploy"), ask("DELETE", "/agents/a"), ask("POST", "/nodes/n1/drain")];
  await Promise.all([ask("GET", "/agents"), ask("POST", "/invoke/a"), ask("POST", "/invoke/a/deploy")]);
  expect(answers.sort()).toEqual(["/agents here", "/invoke/a here", "/invoke/a/deploy here"]);
  gate.open();
  await Promise.all(waiting);
  expect(answers).toHaveLength(6);
});

test("while nobody owns the agents only those that run are called, and the rest goes to the new process", async () => {
  const { gate, answers, ask } = fixture();
  gate.hold((agentId) => agentId === "up");
  const waiting = [ask("POST", "/invoke/down"), ask("GET", "/agents"), ask("POST", "/stop/up")];
  await ask("POST", "/invoke/up");
  expect(answers).toEqual(["/invoke/up here"]);
  gate.lead(async () => new Response("elsewhere"));
  await Promise.all([...waiting, ask("POST", "/invoke/up")]);
  expect(answers.slice(1).sort()).toEqual([
    "/agents elsewhere",
    "/invoke/down elsewhere",
    "/invoke/up elsewhere",
    "/stop/up elsewhere",
  ]);
});

test("requests that may change something are counted until they are answered", async () => {
  const answered = Promise.withResolvers<Response>();
  const gate = createGate({ answer: () => answered.promise });
  const ask = (method: string, path: string) =>
    gate.answer(new Request(`http://localhost${path}`, { method }), SERVER);
  const asked = [ask("POST", "/deploy"), ask("GET", "/agents"), ask("POST", "/invoke/a")];
  expect(gate.changes).toBe(1);
  answered.resolve(new Response());
  await Promise.all(asked);
  expect(gate.changes).toBe(0);
});
