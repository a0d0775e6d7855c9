import { once } from "node:events";
import { connect, createServer } from "node:net";

/**
 * A way to a runner on which one connection is reset: the first that has carried `after` to the caller, or with
 * `keepsBack` is about to.
 */
export async function startCuttingProxy(url: string, after: string, { keepsBack = false } = {}) {
  const { hostname, port } = new URL(url);
  let cuts = 0;
  const server = createServer((caller) => {
    const runner = connect(Number(port), hostname);
    let carried = "";
    caller.on("error", () => runner.destroy());
    caller.on("close", () => runner.destroy());
    runner.on("error", () => caller.destroy());
    runner.on("close", () => caller.end());
    caller.pipe(runner);
    runner.on("data", (piece) => {
      carried = (carried + piece.toString()).slice(-65_536);
      const isCut = cuts === 0 && carried.includes(after);
      if (isCut) cuts += 1;
      if (isCut && keepsBack) caller.resetAndDestroy();
      else caller.write(piece, () => isCut && caller.resetAndDestroy());
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    cuts: () => cuts,
    [Symbol.dispose]: () => void server.close(),
  };
}
