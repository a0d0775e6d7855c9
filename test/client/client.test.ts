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
  [
    () => new Response("Bad gateway\nmore", { status: 502 }),
    "what answers at here is no runner; it said 502: Bad gateway",
    "NO_RUNNER",
  ],
  [() => new Response(null, { status: 500 }), "what answers at here is no runner; it said 500", "NO_RUNNER"],
  [() => new Response("<html>\n"), "what answers at here is no runner; it said 200: <html>", "NO_RUNNER"],
  [
    () => Response.redirect("https://there.example/agents", 301),
    "here sends its callers on to https://there.example/agents.",
    "NO_RUNNER",
  ],
])("what says no, or is no runner, is an error with its sentence", async (answer, message, code) => {
  await using server = Bun.serve({ port: 0, fetch: answer });
  const address = { url: server.url.origin, shown: "here" };
  const asking = createClient({ address }).json("/agents");
  await expect(asking).rejects.toMatchObject({ name: "ApiError", message, code });
});
