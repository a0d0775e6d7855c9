import { RunnerError } from "../../lib/errors.ts";

/** Characters of a caller's text in a message. */
const LONGEST = 100;

export function unknownHost(host: string): RunnerError {
  return new RunnerError(
    "FORBIDDEN",
    `Host is ${shown(host)}, but without a token this runner answers to IP addresses, localhost and OKEN_ALLOWED_HOSTS only: a web page may give any name to this address. Add the name there, or set a token.`,
  );
}

/** @param origin null where the browser named none */
export function foreignPage(origin: string | null): RunnerError {
  const page =
    origin === null ? "A page of another site" : `A page of another site (Origin: ${shown(origin)})`;
  return new RunnerError("FORBIDDEN", `${page} may not do this. ${origin === "null" ? CONFINED : OTHERS}`);
}

const OTHERS = "OKEN_CORS_ORIGINS names the origins that may invoke.";
const CONFINED = "An agent's own pages may if it has an origin of its own: see OKEN_AGENT_DOMAIN.";

export function noAgentHere(host: string): RunnerError {
  return new RunnerError("AGENT_NOT_FOUND", `There is no agent at ${shown(host)}.`);
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, LONGEST));
}
