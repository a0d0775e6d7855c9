import { newApiCommand } from "../command.ts";
import { connect } from "../connect.ts";
import type { Context } from "../context.ts";
import { usageFailure } from "../failure.ts";
import { showNext } from "../output/next.ts";

const add = (value: string, before: string[] = []) => [...before, value];

export function invoke(context: Context) {
  return newApiCommand("invoke", {
    group: "author",
    summary: "call an agent and print its answer",
    description: `Calls an agent with a JSON value as its input and prints what it returns.

With --stream the items of a generator are printed as they come: texts as they are, other values as a line of JSON; with --json every item is a line of JSON.

With --path a web application is sent the request itself, and its answer is printed as it comes.`,
    examples: [
      [`invoke hello '{"name": "Ada"}'`, "with an input"],
      ["invoke hello @input.json", "with an input from a file; - is standard input"],
      [`invoke story '{"about": "tea"}' --stream`, "items as they come"],
      ["invoke shop --path '/items/7?full=1'", "GET a path of a web application"],
      [`invoke shop '{"price": 3}' --path /items/7 -X PUT`, "with a body and another method"],
    ],
  })
    .argument("<agent>", "id of the agent")
    .argument("[input]", "JSON, @file, or - for standard input; without it {}")
    .option("--stream", "print items as they come")
    .option("--path <path>", "path of a web application, with its query")
    .option("-X, --method <method>", "of a request to --path; GET, or POST with an input")
    .option("-H, --header <name: value>", "of a request to --path; may be repeated", add)
    .action(async (agent, input, options) => {
      const { callHandler, callPath } = await import("../invoke/call.ts");
      const client = await connect(context, options);
      const { path, method, header = [] } = options;
      if (path === undefined && (method !== undefined || header.length > 0))
        throw usageFailure(
          "-X and -H are for a request to a path of a web application.",
          `Name it: oken-runner invoke ${agent} --path /`,
        );
      if (path === undefined) await callHandler(context, client, { agent, input, ...options });
      else await callPath(context, client, { agent, path, method, headers: header, input });
      // A program that reads the answer wants nothing else.
      if (context.err.isTerminal && !options.json) showNext(context.err, options, `logs ${agent}`);
    });
}
