import type { ServeMethod } from "../model/entrypoint.ts";

/** A kind of web application. `title` is for answers. */
export type Framework = {
  title: string;
  serve: ServeMethod;
  /** The attribute that holds the real application: `server` of a `Dash`. */
  inner?: string;
};

type Entry = Framework & { package: string; names: readonly string[]; within?: string };

const PYTHON_CALLABLE = { serve: "auto" } as const;
const ASGI: Framework = { title: "ASGI application", ...PYTHON_CALLABLE };
const WSGI: Framework = { title: "WSGI application", ...PYTHON_CALLABLE };
export const RAW_ASGI: Framework = { title: "raw ASGI application", ...PYTHON_CALLABLE };
export const RAW_WSGI: Framework = { title: "raw WSGI application", ...PYTHON_CALLABLE };

/** Classes and functions that make an application. Any submodule of the package may export them. */
const CONSTRUCTORS: readonly Entry[] = [
  { package: "fastapi", names: ["FastAPI"], title: "FastAPI application", ...PYTHON_CALLABLE },
  { package: "starlette", names: ["Starlette"], title: "Starlette application", ...PYTHON_CALLABLE },
  { package: "litestar", names: ["Litestar"], title: "Litestar application", ...PYTHON_CALLABLE },
  { package: "starlite", names: ["Starlite"], title: "Starlite application", ...PYTHON_CALLABLE },
  { package: "quart", names: ["Quart"], title: "Quart application", ...PYTHON_CALLABLE },
  { package: "flask", names: ["Flask"], title: "Flask application", ...PYTHON_CALLABLE },
  { package: "apiflask", names: ["APIFlask"], title: "APIFlask application", ...PYTHON_CALLABLE },
  { package: "flask_openapi3", names: ["OpenAPI"], title: "Flask application", ...PYTHON_CALLABLE },
  {
    package: "django",
    names: ["get_asgi_application", "get_wsgi_application"],
    title: "Django application",
    ...PYTHON_CALLABLE,
  },
  {
    package: "channels",
    names: ["ProtocolTypeRouter"],
    title: "Django Channels application",
    ...PYTHON_CALLABLE,
  },
  {
    package: "aiohttp",
    within: "web",
    names: ["Application"],
    title: "aiohttp application",
    serve: "aiohttp",
  },
  { package: "falcon", names: ["App", "API"], title: "Falcon application", ...PYTHON_CALLABLE },
  {
    package: "bottle",
    names: ["Bottle", "default_app", "app"],
    title: "Bottle application",
    ...PYTHON_CALLABLE,
  },
  { package: "sanic", names: ["Sanic"], title: "Sanic application", serve: "sanic" },
  {
    package: "fasthtml",
    names: ["FastHTML", "FastHTMLWithLiveReload"],
    title: "FastHTML application",
    ...PYTHON_CALLABLE,
  },
  { package: "fastmcp", names: ["FastMCP"], title: "FastMCP server", serve: "fastmcp" },
  { package: "mcp", names: ["FastMCP"], title: "FastMCP server", serve: "fastmcp" },
  { package: "mcp", names: ["MCPServer"], title: "Model Context Protocol server", serve: "fastmcp" },
  {
    package: "gradio",
    names: ["Blocks", "Interface", "ChatInterface", "TabbedInterface", "Series", "Parallel", "load"],
    title: "Gradio interface",
    serve: "gradio",
  },
  {
    package: "gradio",
    names: ["mount_gradio_app"],
    title: "ASGI application with Gradio mounted",
    ...PYTHON_CALLABLE,
  },
  { package: "blacksheep", names: ["Application"], title: "BlackSheep application", ...PYTHON_CALLABLE },
  { package: "dash", names: ["Dash"], title: "Dash application", inner: "server", ...PYTHON_CALLABLE },
  {
    package: "connexion",
    names: ["App", "FlaskApp", "AsyncApp"],
    title: "Connexion application",
    ...PYTHON_CALLABLE,
  },
  { package: "esmerald", names: ["Esmerald"], title: "Esmerald application", ...PYTHON_CALLABLE },
  { package: "ravyn", names: ["Ravyn"], title: "Ravyn application", ...PYTHON_CALLABLE },
  { package: "lilya", names: ["Lilya"], title: "Lilya application", ...PYTHON_CALLABLE },
  { package: "socketio", names: ["ASGIApp", "WSGIApp"], title: "Socket.IO application", ...PYTHON_CALLABLE },
  { package: "engineio", names: ["ASGIApp", "WSGIApp"], title: "Engine.IO application", ...PYTHON_CALLABLE },
  {
    package: "strawberry",
    within: "asgi",
    names: ["GraphQL"],
    title: "Strawberry application",
    ...PYTHON_CALLABLE,
  },
  { package: "ariadne", names: ["GraphQL"], title: "Ariadne application", ...PYTHON_CALLABLE },
  {
    package: "google",
    within: "adk",
    names: ["get_fast_api_app"],
    title: "FastAPI application",
    ...PYTHON_CALLABLE,
  },
  { package: "google", within: "adk", names: ["to_a2a"], title: "A2A server", ...PYTHON_CALLABLE },
  { package: "agno", names: ["AgentOS"], title: "Agno AgentOS", ...PYTHON_CALLABLE },
  { package: "asgiref", names: ["WsgiToAsgi"], title: "ASGI application", ...PYTHON_CALLABLE },
  { package: "werkzeug", names: ["DispatcherMiddleware"], title: "WSGI application", ...PYTHON_CALLABLE },
];

/** Further names that a star import of a module gives: those that start a server, and what is made for them. */
const STAR_NAMES =
  /^(?:(?:http\.server|socketserver|xmlrpc\.server)\.\w*(?:Server|RequestHandler)|wsgiref\.simple_server\.make_server|uvicorn\.(?:run|Config|Server)|waitress\.serve|bottle\.run|aiohttp\.web\.(?:run_app|AppRunner|TCPSite)|websockets\.(?:\w+\.)*serve|tornado\.(?:web|httpserver)\.(?:HTTPServer|Application)|gevent\.pywsgi\.WSGIServer)$/u;

/** Functions that return the application as the first of several values. */
const FIRST_OF_SEVERAL: readonly Entry[] = [
  { package: "fasthtml", names: ["fast_app"], title: "FastHTML application", ...PYTHON_CALLABLE },
];

/** Methods and attributes that give an application, of objects that a package makes. */
const MEMBERS: readonly { package: string; member: string; framework: Framework }[] = [
  { package: "fastmcp", member: "http_app", framework: ASGI },
  { package: "fastmcp", member: "streamable_http_app", framework: ASGI },
  { package: "fastmcp", member: "sse_app", framework: ASGI },
  { package: "mcp", member: "streamable_http_app", framework: ASGI },
  { package: "mcp", member: "sse_app", framework: ASGI },
  { package: "a2a", member: "build", framework: ASGI },
  { package: "agno", member: "get_app", framework: { title: "Agno application", ...PYTHON_CALLABLE } },
  { package: "pydantic_ai", member: "to_a2a", framework: { title: "A2A server", ...PYTHON_CALLABLE } },
  { package: "pydantic_ai", member: "to_ag_ui", framework: { title: "AG-UI server", ...PYTHON_CALLABLE } },
  { package: "pydantic_ai", member: "to_web", framework: { title: "chat page", ...PYTHON_CALLABLE } },
  { package: "pyramid", member: "make_wsgi_app", framework: WSGI },
  {
    package: "dash",
    member: "server",
    framework: { title: "Flask application of a Dash", ...PYTHON_CALLABLE },
  },
  { package: "flask", member: "wsgi_app", framework: WSGI },
  { package: "connexion", member: "app", framework: WSGI },
  { package: "web", member: "wsgifunc", framework: WSGI },
  { package: "gradio", member: "queue", framework: { title: "Gradio interface", serve: "gradio" } },
  { package: "fastmcp", member: "from_fastapi", framework: { title: "FastMCP server", serve: "fastmcp" } },
  { package: "fastmcp", member: "from_openapi", framework: { title: "FastMCP server", serve: "fastmcp" } },
];

/** Callables that take an application and return it with something around it. */
const WRAPPER_NAME = /(?:Middleware|^ProxyFix|^ASGIApp|^WSGIApp|^WsgiToAsgi|^AsgiToWsgi|^WhiteNoise|^cors)$/u;

export function frameworkMadeBy(path: string): Framework | undefined {
  return find(CONSTRUCTORS, path);
}

/** Whether `from module import *` is known to give this name. */
export function isGivenByStar(path: string): boolean {
  return STAR_NAMES.test(path) || (frameworkMadeBy(path) ?? frameworkFirstOf(path)) !== undefined;
}

export function frameworkFirstOf(path: string): Framework | undefined {
  return find(FIRST_OF_SEVERAL, path);
}

export function frameworkOfMember(maker: string, member: string): Framework | undefined {
  const owner = maker.split(".")[0];
  return MEMBERS.find((entry) => entry.package === owner && entry.member === member)?.framework;
}

export function isWrapper(path: string): boolean {
  return WRAPPER_NAME.test(path.split(".").at(-1) ?? "");
}

function find(entries: readonly Entry[], path: string): Framework | undefined {
  const [owner, ...rest] = path.split(".");
  const name = rest.at(-1) ?? "";
  const entry = entries.find(
    (candidate) =>
      candidate.package === owner &&
      candidate.names.includes(name) &&
      (candidate.within === undefined || rest.some((part) => part.startsWith(candidate.within ?? ""))),
  );
  if (entry === undefined) return undefined;
  const { title, serve, inner } = entry;
  return inner === undefined ? { title, serve } : { title, serve, inner };
}
