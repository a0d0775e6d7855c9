import { measureBuilds } from "./build.ts";
import { measureDeploys } from "./deploy.ts";
import { measureInvokes } from "./invoke.ts";
import { runBenchmarks } from "./session.ts";

await runBenchmarks([measureDeploys, measureBuilds, measureInvokes]);
