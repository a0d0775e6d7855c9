/** The runner's environment. What is set to nothing counts as not set. */
export type Environment = Record<string, string | undefined>;

/** Says once, at the start, that a variable has no effect. */
export type Warn = (message: string) => void;

/** What names a place to send spans to. Without one of these nothing is traced. */
const SWITCHES = [
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
  "OTEL_TRACES_EXPORTER",
] as const;

/**
 * Whether the environment asks for traces. The specification would have them sent to this host unless they are switched
 * off; here nobody pays for what nobody asked for.
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export function isTraced(environment: Environment, warn: Warn): boolean {
  if (valueOf(environment, "OTEL_SDK_DISABLED")?.toLowerCase() === "true") return false;
  const exporter = valueOf(environment, "OTEL_TRACES_EXPORTER");
  if (exporter !== undefined && exporter !== "otlp") {
    if (exporter !== "none")
      warn(
        `OTEL_TRACES_EXPORTER is ${JSON.stringify(exporter)}, but must be otlp or none: nothing is traced`,
      );
    return false;
  }
  const isAsked = SWITCHES.some((name) => valueOf(environment, name) !== undefined);
  if (isAsked) checkProtocol(environment, warn);
  return isAsked;
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

/** Only one is spoken, on a port of its own: spans that are sent to a gRPC port reach nobody. */
function checkProtocol(environment: Environment, warn: Warn): void {
  const names = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
  const name = names.find((each) => valueOf(environment, each) !== undefined);
  const protocol = name && valueOf(environment, name);
  if (protocol === undefined || protocol === "http/protobuf") return;
  warn(
    `${name} is ${JSON.stringify(protocol)}, but spans are sent as http/protobuf: the endpoint must take that, by default on port 4318`,
  );
}
