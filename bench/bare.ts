/** What the runner's start is compared with: an Elysia with one route, on the port that the command line names. */
import { Elysia } from "elysia";

new Elysia()
  .get("/health", () => ({ status: "ok" }))
  .listen({ hostname: "127.0.0.1", port: Number(process.argv[2]) });
