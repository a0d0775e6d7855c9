import { type ForwardOptions, forward } from "../../src/proxy/forward.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { arrivingBody } from "../../src/server/calls/invoke-body.ts";

/** Passes a request on as an invoke does. */
export async function forwardRequest({
  request,
  target,
  ...options
}: Omit<ForwardOptions, "request"> & { request: Request; target: string }): Promise<Response> {
  try {
    const body = await arrivingBody(request, { maxBytes: 2 ** 30, clock: systemClock, mayConverse: true });
    const { method, headers } = request;
    return await forward({ ...options, request: { method, target, headers, body } });
  } catch (error) {
    options.onDone();
    throw error;
  }
}
