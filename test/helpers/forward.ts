import { type ForwardOptions, forward } from "../../src/proxy/forward.ts";
import { outgoingBody } from "../../src/proxy/outgoing-body.ts";

/** Passes a request on as an invoke does. */
export async function forwardRequest({
  request,
  target,
  ...options
}: Omit<ForwardOptions, "request"> & { request: Request; target: string }): Promise<Response> {
  try {
    const body = await outgoingBody(request, options.signal);
    const { method, headers } = request;
    return await forward({ ...options, request: { method, target, headers, body } });
  } catch (error) {
    options.onDone();
    throw error;
  }
}
