import type { Entrypoint, ServeMethod } from "../model/entrypoint.ts";
import type { EntrypointType } from "../model/manifest.ts";
import type { Evaluator } from "../python/evaluate.ts";
import type { ModulePlace } from "../python/modules.ts";
import type { Module } from "../python/project.ts";
import type { EntryFile } from "./target.ts";

/** The module in which something to serve is looked for. */
export type Subject = { evaluator: Evaluator; module: Module; place: ModulePlace };

/** The part of an entrypoint that the rules decide. The rest says where the module is. */
export type Choice = Omit<Entrypoint, "file" | "module" | "root">;

/** Another module to look in, which the module names: `uvicorn.run("pkg.server:app")`. */
export type Redirect = { redirect: EntryFile; attr: string; factory: boolean; because: string };

type ObjectChoice = {
  type: EntrypointType;
  attr: string;
  reason: string;
  factory?: boolean;
  serve?: ServeMethod;
  env?: Readonly<Record<string, string>>;
};

export function serveObject({ type, attr, reason, factory, serve, env }: ObjectChoice): Choice {
  return {
    type,
    attr,
    factory: factory ?? false,
    mode: "object",
    serve: serve ?? "auto",
    command: undefined,
    env: env ?? {},
    listens: undefined,
    reason,
  };
}

type ScriptChoice = {
  reason: string;
  serve?: ServeMethod;
  command?: readonly string[];
  listens?: Entrypoint["listens"];
};

export function runScript({ reason, serve, command, listens }: ScriptChoice): Choice {
  return {
    type: "http",
    attr: undefined,
    factory: false,
    mode: "script",
    serve: serve ?? "auto",
    command,
    env: {},
    listens,
    reason,
  };
}
