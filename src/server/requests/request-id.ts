export const REQUEST_ID_HEADER = "x-request-id";

/** A caller's id is taken if it is safe in a log line and in a header: visible ASCII without quotes. */
const ACCEPTED = /^[A-Za-z0-9._:/+=@-]{1,128}$/;

/** The caller's id if it is safe, else a new one, which is set on the request so that the agent gets it too. */
export function ensureRequestId(request: Request): string {
  const given = request.headers.get(REQUEST_ID_HEADER);
  if (given !== null && ACCEPTED.test(given)) return given;
  const made = Bun.randomUUIDv7();
  request.headers.set(REQUEST_ID_HEADER, made);
  return made;
}
