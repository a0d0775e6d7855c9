import { expect, test } from "bun:test";
import { join } from "node:path";

import { parseAddress } from "../../src/client/address.ts";
import { createClient } from "../../src/client/client.ts";
import { temporaryTree } from "../helpers/tree.ts";

test("a runner on a Unix socket is asked like any other, with the token", async () => {
  await using directory = await temporaryTree();
  const unix = join(directory.path, "oken.sock");
  await using server = Bun.serve({
    unix,
    fetch: ({ url, headers }) =>
      Response.json({ path: new URL(url).pathname, authorization: headers.get("authorization") }),
  });
  const address = parseAddress(`unix:${unix}`);
  if (address === undefined) throw new Error("it is an address");
  const answer = await createClient({ address, token: "a-token" }).json<object>("/agents");
  expect(answer).toEqual({ path: "/agents", authorization: "Bearer a-token" });
  await server.stop();
});

test.each([
  [() => Response.json({ error: "No.", code: "FORBIDDEN" }, { status: 403 }), "No.", "FORBIDDEN"],
  [() => new Response("Bad gateway\nmore", { status: 502 }), "It answered 502: Bad gateway", "UNKNOWN"],
  [() => new Response(null, { status: 500 }), "It answered 500", "UNKNOWN"],
])("what says no is an error with its sentence", async (answer, message, code) => {
  await using server = Bun.serve({ port: 0, fetch: answer });
  const address = { url: server.url.origin, shown: server.url.origin };
  const asking = createClient({ address }).json("/agents");
  await expect(asking).rejects.toMatchObject({ name: "ApiError", message, code });
});
