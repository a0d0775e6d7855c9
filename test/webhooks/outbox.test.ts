import { expect, test } from "bun:test";
import { mkdir } from "node:fs/promises";
import { basename, join } from "node:path";

import { createLog } from "../../src/lib/log.ts";
import { type Message, newId, openOutbox } from "../../src/webhooks/outbox.ts";
import { createFakeClock } from "../helpers/fake-clock.ts";
import { temporaryTree } from "../helpers/tree.ts";

/** When a message that waits is surely synced, milliseconds. */
const LATER = 1_001;

const nameOf = ({ id }: Message) => `${id}.json`;
const message = (body = "{}"): Message => ({ id: newId(), body });

/** An outbox, and what it has had synced so far, by name. */
async function fixture(failure?: Error) {
  const tree = await temporaryTree();
  const clock = createFakeClock();
  const lines: string[] = [];
  const log = createLog({
    level: "info",
    format: "json",
    destination: { write: (line) => void lines.push(line) },
  });
  const synced: string[] = [];
  const syncOne = async (path: string) => {
    if (failure !== undefined) throw failure;
    synced.push(basename(path));
  };
  const directory = join(tree.path, "webhooks");
  const outbox = await openOutbox(directory, { log, clock, syncOne });
  return {
    ...{ outbox, clock, lines, synced, directory, log },
    [Symbol.asyncDispose]: () => tree[Symbol.asyncDispose](),
  };
}

test("what waits is synced after a second, all of it at once and only once", async () => {
  await using it = await fixture();
  const [one, two] = [message(), message()];
  await it.outbox.keep(one);
  await it.outbox.keep(two);
  expect(it.synced).toEqual([]);
  await it.clock.advance(LATER);
  expect(it.synced).toEqual([nameOf(one), nameOf(two), "webhooks"]);
  await it.clock.advance(LATER);
  expect(it.synced).toHaveLength(3);
  const three = message();
  await it.outbox.keep(three);
  await it.outbox.sync();
  expect(it.synced.slice(3)).toEqual([nameOf(three), "webhooks"]);
  await it.clock.advance(LATER);
  expect(it.synced).toHaveLength(5);
});

test("what is taken at once costs no sync", async () => {
  await using it = await fixture();
  const taken = message();
  await it.outbox.keep(taken);
  await it.outbox.drop(taken);
  await it.clock.advance(LATER);
  await it.outbox.sync();
  expect(it.synced).toEqual([]);
});

test("a disk that syncs nothing is a warning", async () => {
  await using it = await fixture(new Error("EIO: i/o error"));
  await it.outbox.keep(message());
  await it.clock.advance(LATER);
  expect(it.lines.join()).toMatch(/EIO.*a loss of power would forget them/);
});

test("what is no message does not keep a start from the others", async () => {
  await using it = await fixture();
  const kept = message('{"type":"agent.state"}');
  await it.outbox.keep(kept);
  await mkdir(join(it.directory, nameOf(message())));
  await Bun.write(join(it.directory, nameOf(message())), "{");
  const { left } = await openOutbox(it.directory, it);
  expect(left).toEqual([kept]);
});
