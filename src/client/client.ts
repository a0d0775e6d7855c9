import { parseJson } from "../lib/json.ts";
import type { Address } from "./address.ts";
import { ApiError, type ErrorBody, NO_RUNNER, UnreachableError, isErrorBody } from "./errors.ts";

/** Of what a stranger answers, this much may help to see who it is. */
const SHOWN_CHARACTERS = 80;

export type ClientOptions = { address: Address; token?: string | undefined };

export type Call = {
  method?: string;
  headers?: Record<string, string>;
  body?: NonNullable<RequestInit["body"]> | AsyncIterable<Uint8Array<ArrayBuffer>>;
  signal?: AbortSignal;
};

/** One runner's API. Each call throws ApiError for an answer that says no, and UnreachableError where none comes. */
export type Client = {
  address: Address;
  /** The answer as it is, once its head is here. */
  send(path: string, call?: Call): Promise<Response>;
  /** The same, without an error for an answer that says no. */
  ask(path: string, call?: Call): Promise<Response>;
  /** The body of an answer in JSON. `T` is what the API's document says of it. */
  json<T>(path: string, call?: Call): Promise<T>;
};

export function createClient({ address, token }: ClientOptions): Client {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const ask = (path: string, { headers, ...call }: Call = {}): Promise<Response> =>
    fetch(`${address.url}${path}`, {
      ...call,
      ...(address.unix !== undefined && { unix: address.unix }),
      headers: { ...authorization, ...headers },
      redirect: "manual",
      // An agent may take as long as the runner lets it.
      timeout: false,
    }).catch((error: unknown) => {
      throw new UnreachableError(address.shown, error);
    });
  const send = async (path: string, call?: Call): Promise<Response> => {
    const answer = await ask(path, call);
    if (answer.status < 300) return answer;
    throw new ApiError(answer.status, errorOf(address, answer, await textOf(answer, address)));
  };
  return {
    address,
    ask,
    send,
    async json<T>(path: string, call?: Call) {
      const answer = await send(path, call);
      const text = await textOf(answer, address);
      const body = parseJson(text);
      if (typeof body !== "object" || body === null)
        throw new ApiError(answer.status, notOfRunner(address, answer, text));
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the document of the API says what comes
      return body as T;
    },
  };
}

function textOf(answer: Response, { shown }: Address): Promise<string> {
  return answer.text().catch((error: unknown) => {
    throw new UnreachableError(shown, error);
  });
}

function errorOf(address: Address, answer: Response, text: string): ErrorBody {
  const body = parseJson(text);
  if (isErrorBody(body)) return body;
  const elsewhere = answer.headers.get("location");
  if (answer.status >= 400 || elsewhere === null) return notOfRunner(address, answer, text);
  return { error: `${address.shown} sends its callers on to ${elsewhere}.`, code: NO_RUNNER };
}

/** What answered is another program than a runner: a proxy before it, or something else on that port. */
function notOfRunner({ shown }: Address, { status }: Response, text: string): ErrorBody {
  const [line = ""] = text.trim().split("\n", 1);
  const said = line === "" ? "" : `: ${line.slice(0, SHOWN_CHARACTERS)}`;
  return { error: `what answers at ${shown} is no runner; it said ${status}${said}`, code: NO_RUNNER };
}
