import type { Call, Expression, Scope } from "../python/facts.ts";
import type { ServeMethod } from "../model/entrypoint.ts";
import type { Evaluator } from "../python/evaluate.ts";
import { type Frame, frameOf, inside, packagePath, topOf, type Value } from "../python/value.ts";
import type { Module } from "../python/project.ts";

/** How deep functions that call functions are followed. */
const MAX_CALL_DEPTH = 5;
const MAX_SCOPES = 100;

export type Server = {
  /** The name of the call: `uvicorn.run`. */
  called: string;
  /** The application that the call is given, if any. */
  target: Expression | undefined;
  /** The frame in which `target` is evaluated. */
  frame: Frame;
  call: Call;
  /** How the application's own method serves it. */
  serve: ServeMethod;
  host: string | undefined;
  port: number | undefined;
};

/** Calls that start a server and return when it ends. The numbers are places among the arguments. */
const SERVER_CALLS: readonly { path: RegExp; target?: number; host?: number; port?: number }[] = [
  { path: /^uvicorn\.(?:main\.)?(?:run|Config)$/u, target: 0 },
  { path: /^hypercorn\.(?:asyncio|trio|run)\.\w*serve$/u, target: 0 },
  { path: /^waitress\.serve$/u, target: 0 },
  { path: /^werkzeug\.serving\.run_simple$/u, host: 0, port: 1, target: 2 },
  { path: /^wsgiref\.simple_server\.make_server$/u, host: 0, port: 1, target: 2 },
  { path: /^gevent\.pywsgi\.WSGIServer$|^eventlet\.wsgi\.server$|^cheroot\.wsgi\.Server$/u, target: 1 },
  { path: /^aiohttp\.web\.(?:run_app|AppRunner)$/u, target: 0 },
  { path: /^aiohttp\.web\.TCPSite$/u, host: 1, port: 2 },
  { path: /^bottle\.run$/u, target: 0 },
  { path: /^granian\.Granian$/u, target: 0 },
  { path: /^flask_socketio\.SocketIO\.run$/u, target: 0, host: 1, port: 2 },
  { path: /^(?:http\.server|socketserver|xmlrpc\.server)\.\w*Server$/u },
  { path: /^asyncio\.start_server$/u, host: 1, port: 2 },
  { path: /^websockets\.(?:\w+\.)*serve$/u, host: 1, port: 2 },
  { path: /^tornado\.(?:\w+\.)*(?:HTTPServer|Application)(?:\.listen)?$/u },
  {
    path: /^nicegui\.ui\.run$|^robyn\.Robyn\.start$|^flet\.(?:app|run)$|^cherrypy\.quickstart$|^panel\.serve$|^pywebio\.start_server$|^web\.application\.run$|^langgraph_api\.\w+\.run_server$/u,
  },
];

const RUN_METHODS = new Set([
  "run",
  "run_async",
  "run_task",
  "launch",
  "serve",
  "listen",
  "start",
  "run_server",
]);

/** The calls that start a server, in a scope and in the tarball's functions that it calls. */
export function serversIn(evaluator: Evaluator, module: Module, scope: Scope): Server[] {
  const found: Server[] = [];
  const seen = new Set<Scope>([scope]);
  const visit = (current: Scope, frame: Frame, depth: number) => {
    for (const { call } of current.calls) {
      const server = serverOf(evaluator, call, frame);
      if (server !== undefined) found.push(server);
      const callee = evaluator.expression(call.callee, frame);
      if (callee.kind !== "function" || depth >= MAX_CALL_DEPTH || seen.size > MAX_SCOPES) continue;
      const { body } = callee.function;
      if (seen.has(body)) continue;
      seen.add(body);
      visit(body, inside(callee.module, body), depth + 1);
    }
  };
  visit(scope, frameOf(module, scope), 0);
  return found;
}

/** The calls at the top level that start a server under no condition, so that an import never ends. */
export function blockingServers(evaluator: Evaluator, module: Module): Server[] {
  return module.facts.top.calls
    .filter(({ conditional }) => !conditional)
    .map(({ call }) => serverOf(evaluator, call, topOf(module)))
    .filter((server) => server !== undefined)
    .filter(({ called }) => !/\.(?:Config|AppRunner|make_server|HTTPServer|Granian)$/u.test(called));
}

function serverOf(evaluator: Evaluator, call: Call, frame: Frame): Server | undefined {
  const { callee } = call;
  if (callee.kind === "attribute" && RUN_METHODS.has(callee.name)) {
    const owner = evaluator.expression(callee.base, frame);
    if (owner.kind === "app") {
      return describe(evaluator, {
        call,
        frame,
        called: `${textOf(callee.base)}.${callee.name}`,
        target: callee.base,
        serve: owner.framework.serve,
      });
    }
  }
  const path = packagePath(evaluator.expression(callee, frame));
  const known = path === undefined ? undefined : SERVER_CALLS.find((entry) => entry.path.test(path));
  if (path === undefined || known === undefined) return undefined;
  const target =
    (known.target === undefined ? undefined : call.args[known.target]) ?? call.keywords.get("app");
  return describe(evaluator, { call, frame, called: path, target, host: known.host, port: known.port });
}

type Described = {
  call: Call;
  frame: Frame;
  called: string;
  target: Expression | undefined;
  host?: number | undefined;
  port?: number | undefined;
  serve?: ServeMethod;
};

function describe(
  evaluator: Evaluator,
  { call, frame, called, target, host, port, serve }: Described,
): Server {
  const read = (names: readonly string[], index: number | undefined): Value | undefined => {
    const named = names.map((name) => call.keywords.get(name)).find((value) => value !== undefined);
    const given = named ?? (index === undefined ? undefined : call.args[index]);
    return given === undefined ? undefined : evaluator.expression(given, frame);
  };
  const readHost = read(["host", "server_name", "address"], host);
  const readPort = read(["port", "server_port"], port);
  return {
    called,
    target,
    frame,
    call,
    serve: serve ?? "auto",
    host: readHost?.kind === "text" ? readHost.text : undefined,
    port: readPort?.kind === "number" ? readPort.number : undefined,
  };
}

function textOf(expression: Expression): string {
  if (expression.kind === "name") return expression.id;
  if (expression.kind === "attribute") return `${textOf(expression.base)}.${expression.name}`;
  return expression.kind === "call" ? `${textOf(expression.callee)}()` : "…";
}
