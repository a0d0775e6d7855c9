import { RunnerError } from "../../../../src/lib/errors.ts";

/** What a caller is told of a failure. */
export type Told = {
  status: number;
  headers: Headers;
  body: { error: string; code: string; details?: Record<string, unknown> };
};

/** Has the code fail: by a throw, or with an answer. */
export type Provoke = () => unknown;

export async function told(provoke: Provoke): Promise<Told> {
  try {
    const answer = await provoke();
    if (answer instanceof Response)
      return { status: answer.status, headers: answer.headers, body: JSON.parse(await answer.text()) };
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
    const { status, headers, message, code, details } = error;
    return {
      status,
      headers: new Headers(headers),
      body: { error: message, code, ...(details && { details }) },
    };
  }
  throw new Error("it did not fail");
}
