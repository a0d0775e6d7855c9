import type { UnreachableError } from "../client/errors.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";

type Told = { message: string; exitCode: ExitCode; hint?: string };

/** OpenSSL's names for a certificate that is not believed. */
const UNTRUSTED =
  /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT(?:_LOCALLY)?|UNABLE_TO_VERIFY_LEAF_SIGNATURE|CERT_UNTRUSTED)$/;

/** Why nobody answers, in the words of who named the address, and what to do. */
export function toldOfUnreachable(error: UnreachableError): Told {
  const { address, message, code = "", isRefused } = error;
  if (isRefused)
    return told(
      `no runner answers at ${address}.`,
      "Start one with: oken-runner serve\nOr name another with --url or OKEN_URL.",
    );
  if (code === "ENOTFOUND")
    return told(
      `there is no host ${URL.parse(address)?.hostname ?? address}, and login keeps no runner of that name.`,
      "See those that it keeps: oken-runner hosts",
    );
  if (code === "EPROTO")
    return told(
      `${address} is not answered in HTTPS.`,
      `Try it without: --url ${address.replace(/^https/, "http")}`,
    );
  if (UNTRUSTED.test(code))
    return told(
      `the certificate of ${address} is of nobody that this host trusts (${code}).`,
      "Set NODE_EXTRA_CA_CERTS to the file of its authority.",
    );
  if (code === "ECONNRESET" && address.startsWith("http:"))
    return told(`${message}.`, `If it serves HTTPS: --url ${address.replace(/^http/, "https")}`);
  return told(`${message}.`);
}

function told(message: string, hint?: string): Told {
  return { message, exitCode: EXIT.unreachable, ...(hint !== undefined && { hint }) };
}
