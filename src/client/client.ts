import { parseJson } from "../lib/json.ts";
import type { Address } from "./address.ts";
import { ApiError, type ErrorBody, UnreachableError } from "./errors.ts";

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
    if (answer.status < 400) return answer;
    throw new ApiError(answer.status, await errorOf(answer));
  };
  return {
    address,
    ask,
    send,
    async json<T>(path: string, call?: Call) {
      const answer = await send(path, call);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the document of the API says what comes
      return (await answer.json()) as T;
    },
  };
}

/** What answered may be another program than a runner. */
async function errorOf(answer: Response): Promise<ErrorBody> {
  const text = await answer.text();
  const body = parseJson(text);
  if (isErrorBody(body)) return body;
  const said = text.trim().split("\n", 1)[0] ?? "";
  return { error: `It answered ${answer.status}${said === "" ? "" : `: ${said}`}`, code: "UNKNOWN" };
}

function isErrorBody(body: unknown): body is ErrorBody {
  return typeof body === "object" && body !== null && "error" in body && typeof body.error === "string";
}
