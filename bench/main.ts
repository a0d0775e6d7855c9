import { measureDeploys } from "./deploy.ts";
import { measureInvokes } from "./invoke.ts";
import { runBenchmarks } from "./session.ts";

await runBenchmarks([measureDeploys, measureInvokes]);
