import { parseAs } from "./json.ts";

/** What the runner said when it refused. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string | undefined;

  constructor(status: number, body: { error?: string; code?: string; details?: { hint?: string } }) {
    super(body.error ?? `The runner answered ${status}.`);
    this.status = status;
    this.code = body.code ?? "";
    this.hint = body.details?.hint;
  }
}

export async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text();
  try {
    return new ApiError(response.status, parseAs(text));
  } catch {
    return new ApiError(response.status, {});
  }
}

/** What `fetch` and its streams say where nobody answers, or the connection is lost; each browser in its own words. */
const UNANSWERED =
  /^(Failed to fetch|network ?error|Error in input stream|Load failed|The network connection)/i;

export function isUnanswered(error: unknown): boolean {
  return error instanceof TypeError && UNANSWERED.test(error.message);
}

export function messageOf(error: unknown): string {
  if (isUnanswered(error)) return "The runner does not answer.";
  return error instanceof Error ? error.message : String(error);
}
