import type { EntrypointType } from "../model/manifest.ts";
import type { Parameter } from "../python/facts.ts";
import { frameOf, packagePath, scopesOf, type Value } from "../python/value.ts";
import { fitOfAgent, fitOfHandler } from "./callables.ts";
import { type Choice, type Redirect, serveObject, type Subject } from "./choice.ts";
import { chooseApplication, chooseUnknownApplication } from "./choose-application.ts";
import { chooseFactory } from "./factories.ts";
import { nothingToServe } from "./nothing.ts";
import { refuse } from "./refuse.ts";
import { chooseSdkObject, chooseUnknownSdkObject } from "./sdk-objects.ts";
import { chooseFileRunner, chooseScript, chooseUnknownScript } from "./scripts.ts";

/** The command line of a script. */
const COMMAND_LINE = /^(?:sys\.argv|sys\.orig_argv|argparse\..*)$/u;

/**
 * Chooses what to serve of a module when no attribute was named. The order is the one of the documentation: web
 * application, `class Agent`, `handler`, `main`, what only a name or a script suggests, and last an SDK's agent.
 *
 * @throws RunnerError CONFIG_ERROR when there is nothing, or nothing of that type
 */
export function choose(subject: Subject, type: EntrypointType | undefined): Choice | Redirect {
  const http = type === undefined || type === "http";
  const agent = type === undefined || type === "agent";
  const handler = type === undefined || type === "handler";
  const choice =
    (http ? (chooseApplication(subject) ?? chooseFileRunner(subject)) : undefined) ??
    (agent ? chooseAgent(subject) : undefined) ??
    (handler ? (chooseHandler(subject) ?? chooseMain(subject)) : undefined) ??
    (http ? chooseFactory(subject, "named") : undefined) ??
    (http ? chooseUnknownApplication(subject, { saysHttp: type === "http" }) : undefined) ??
    (http ? chooseScript(subject) : undefined) ??
    (type === "http" ? chooseUnknownScript(subject) : undefined) ??
    (agent ? (chooseSdkObject(subject) ?? chooseUnknownSdkObject(subject)) : undefined);
  if (choice === undefined)
    throw nothingToServe(subject, { type, mainIsScript: isGivenCommandLine(subject) });
  return choice;
}

function chooseAgent({ evaluator, module }: Subject): Choice | undefined {
  const value = offered({ evaluator, module }, "Agent");
  if (value === undefined) return undefined;
  const fit = fitOfAgent(evaluator, value);
  const isElsewhere = value.kind === "class" && value.module !== module;
  const where = isElsewhere ? `of ${value.module.file}` : `in ${module.file}`;
  if (fit.fits) {
    return serveObject({ type: "agent", attr: "Agent", reason: `class Agent ${where} has run(self, input)` });
  }
  // A class of the tarball with a `run` was meant as an agent. Anything else may have the name by chance.
  if (value.kind === "class" && evaluator.member(value, "run").kind === "function") {
    throw refuse(`class Agent ${where} ${fit.why}`);
  }
  return undefined;
}

function chooseHandler({ evaluator, module }: Subject): Choice | undefined {
  const value = offered({ evaluator, module }, "handler");
  if (value === undefined) return undefined;
  const fit = fitOfHandler(evaluator, module, value);
  if (fit.fits) {
    const reason = `handler in ${module.file} is ${fit.how}`;
    return serveObject({ type: "handler", attr: "handler", reason });
  }
  if (!["function", "lambda", "class", "instance"].includes(value.kind)) return undefined;
  throw refuse(`handler in ${module.file} ${fit.why}; it must be callable as handler(input)`);
}

function chooseMain(subject: Subject): Choice | undefined {
  const { evaluator, module } = subject;
  const value = offered(subject, "main");
  if (value?.kind !== "function" && value?.kind !== "lambda") return undefined;
  const parameters = value.kind === "function" ? value.function.parameters : value.parameters;
  const fits = fitOfHandler(evaluator, module, value).fits && takesOneInput(parameters);
  if (!fits || isGivenCommandLine(subject)) return undefined;
  const reason = `main in ${module.file} takes the input, and there is no handler`;
  return serveObject({ type: "handler", attr: "main", reason });
}

/** The value of a name of the module, whether defined or imported there. */
function offered(
  { evaluator, module }: Pick<Subject, "evaluator" | "module">,
  name: string,
): Value | undefined {
  return evaluator.names(module).has(name) ? evaluator.name(module, name) : undefined;
}

function takesOneInput(parameters: readonly Parameter[]): boolean {
  const [first, second, ...more] = parameters.filter(
    ({ kind, required }) => kind === "positional" && required,
  );
  return first !== undefined && more.length === 0 && (second === undefined || second.name === "context");
}

/** Whether the parameter of `main` is the command line: `main(sys.argv)`, `main(parser.parse_args())`. */
function isGivenCommandLine({ evaluator, module }: Subject): boolean {
  return scopesOf(module).some((scope) => {
    const frame = frameOf(module, scope);
    return scope.calls.some(({ call: { callee, args } }) => {
      if (callee.kind !== "name" || callee.id !== "main") return false;
      return args.some((argument) =>
        COMMAND_LINE.test(packagePath(evaluator.expression(argument, frame)) ?? ""),
      );
    });
  });
}
