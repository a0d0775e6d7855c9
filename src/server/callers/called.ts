import { NO_CLAIMS, claimsOf } from "../../proxy/claims.ts";
import { type Front, isBelieved } from "../../proxy/forwarded.ts";

/** The address that a caller used, by the word of a trusted proxy, or by the request itself. */
export type Called = {
  /** With its port; empty for a program that names none. */
  host: string;
  proto: "http" | "https";
};

/** @param peerOf the address at the other end of the connection; Bun takes microseconds to tell it */
export function calledAt(headers: Headers, front: Front, peerOf: () => string | undefined): Called {
  const claims = front.trustsAnyone && isBelieved(peerOf(), front) ? claimsOf(headers) : NO_CLAIMS;
  return {
    host: claims.host ?? headers.get("host") ?? "",
    proto: claims.proto ?? front.proto,
  };
}
