export const REQUEST_ID_HEADER = "x-request-id";

/** What a caller may send as its own id: visible ASCII without quotes, so that it is safe in a log line and a header. */
const ACCEPTED = /^[A-Za-z0-9._:/+=@-]{1,128}$/;

/** The caller's id if it is usable, else one of ours; set on the request, so that the agent is told the same. */
export function ensureRequestId(request: Request): string {
  const given = request.headers.get(REQUEST_ID_HEADER);
  if (given !== null && ACCEPTED.test(given)) return given;
  const made = Bun.randomUUIDv7();
  request.headers.set(REQUEST_ID_HEADER, made);
  return made;
}
