/** The runner's environment. What is set to nothing counts as not set. */
export type Environment = Record<string, string | undefined>;

/** Says once, at the start, that a variable is not as it must be. */
export type Warn = (message: string) => void;

/** The first that is set counts. */
const ENDPOINTS = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const PROTOCOLS = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];

const DEFAULT_ENDPOINT = "http://localhost:4318";

/**
 * The address of the host that spans are sent to, or undefined where nothing is traced. The specification would have
 * them sent to this host unless they are switched off; here nobody pays for what nobody asked for.
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export function collectorOf(environment: Environment, warn: Warn): string | undefined {
  if (valueOf(environment, "OTEL_SDK_DISABLED")?.toLowerCase() === "true") return undefined;
  const exporter = valueOf(environment, "OTEL_TRACES_EXPORTER");
  const [name, endpoint] = firstSet(environment, ENDPOINTS);
  if (exporter === "none" || (exporter ?? name) === undefined) return undefined;
  if (exporter !== undefined && exporter !== "otlp") {
    warn(`OTEL_TRACES_EXPORTER is ${JSON.stringify(exporter)}, but must be otlp or none: nothing is traced`);
    return undefined;
  }
  const origin = originOf(endpoint ?? DEFAULT_ENDPOINT);
  if (origin === undefined) warn(`${name} must begin with http:// or https://: nothing is traced`);
  else checkProtocol(environment, warn);
  return origin;
}

export function valueOf(environment: Environment, name: string): string | undefined {
  const value = environment[name]?.trim();
  return value === "" ? undefined : value;
}

/** A whole number from 1, such as a length or milliseconds. */
export function countOf(environment: Environment, name: string, warn: Warn): number | undefined {
  const value = valueOf(environment, name);
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isSafeInteger(number) && number > 0) return number;
  warn(`${name} is ${JSON.stringify(value)}, but must be a whole number from 1: it is ignored`);
  return undefined;
}

/** Without path and credentials. */
function originOf(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const { protocol, origin } = new URL(address);
  return protocol === "http:" || protocol === "https:" ? origin : undefined;
}

/** Only one is spoken, on a port of its own: spans that are sent to a gRPC port reach nobody. */
function checkProtocol(environment: Environment, warn: Warn): void {
  const [name, protocol] = firstSet(environment, PROTOCOLS);
  if (protocol === undefined || protocol === "http/protobuf") return;
  warn(
    `${name} is ${JSON.stringify(protocol)}, but spans are sent as http/protobuf: the endpoint must take that, by default on port 4318`,
  );
}

/** The first variable that is set, and its value. */
function firstSet(environment: Environment, names: readonly string[]): [name?: string, value?: string] {
  for (const name of names) {
    const value = valueOf(environment, name);
    if (value !== undefined) return [name, value];
  }
  return [];
}
