import type { EntrypointType } from "./manifest.ts";

/**
 * What will be served and how, decided on the syntax tree before any user code runs.
 * Written as `entrypoint.json` for the runtime inside the container, which confirms it after import.
 */
export type Entrypoint = {
  type: EntrypointType;
  /** File in the tarball: `main.py`. */
  file: string;
  /**
   * Dotted module name relative to `root`: `main`, `pkg.app`. Not always an identifier (`my-agent`), so the
   * runtime imports it with `importlib.import_module`.
   */
  module: string;
  /**
   * Directory, relative to the tarball's root, that must be importable: `""` or `"src"`. After it on the path come
   * `/app`, `/app/src` and the directory of `file`, for imports written for another way of starting. `".."` when the
   * tarball's root is itself the package that a relative import needs; `module` then starts with `app.`,
   * after `/app`.
   */
  root: string;
  /**
   * Attribute to take from the module; undefined for `script`. May be dotted. A `handler` is anything that can be
   * called with the input; an `agent` is a class to be made once, or an instance that has `run`.
   */
  attr: string | undefined;
  /** The attribute is a factory to be called with no arguments; an awaitable result is awaited. */
  factory: boolean;
  /**
   * `object`: serve `attr`; `script`: run the file as `__main__` (`command` when given) and wait for its port.
   */
  mode: "object" | "script";
  /** How an `http` agent's object is served; `auto` for the other types. */
  serve: ServeMethod;
  /** Words of a script's command after the interpreter, `$PORT` to be replaced: `-m streamlit run app.py`. */
  command: readonly string[] | undefined;
  /** Environment the worker needs before import, beyond `PORT` and `HOST`. */
  env: Readonly<Record<string, string>>;
  /** What a script's own code names as its address; undefined where it does not say or computes it. */
  listens: { host: string | undefined; port: number | undefined } | undefined;
  /** One sentence for the deploy's answer: what was chosen and why. */
  reason: string;
};

/**
 * What the runtime does with the object once it is imported (and called, if `factory`):
 *
 * - `auto`: ASGI or WSGI, told apart by looking at the object.
 * - `aiohttp`: an `aiohttp.web.Application`; `web.run_app(app, host=…, port=…)` or an `AppRunner`.
 * - `sanic`: a `Sanic`; `app.run(host, port, single_process=True)`, or as the ASGI callable it also is.
 * - `gradio`: `Blocks`, `Interface` …; `obj.launch(server_name=…, server_port=…, share=False)`.
 * - `fastmcp`: a `FastMCP` or an `MCPServer`; `obj.http_app()` (package `fastmcp`), else `obj.streamable_http_app()`
 *   (package `mcp`) gives an ASGI application with a lifespan that must run.
 * - `streamlit`: always `mode: "script"`, with `command`.
 */
export type ServeMethod = "auto" | "aiohttp" | "sanic" | "gradio" | "fastmcp" | "streamlit";
