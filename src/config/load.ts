import { nearest } from "../lib/nearest.ts";
import { StartError } from "../lib/start-error.ts";
import type { ConfigFile } from "./config-file.ts";
import { type Setting, flagOf } from "./setting.ts";
import { SETTINGS } from "./settings.ts";

export type Config = Readonly<{ [Name in keyof typeof SETTINGS]: (typeof SETTINGS)[Name]["default"] }>;

/** Names with the prefix of the settings that are for others: the client's commands, the tests. */
const NOT_SETTINGS = /^OKEN_(?:URL|TEST_.*|SOAK_.*)$/;

type Source = Record<string, string | undefined>;

/**
 * Reads the settings. A flag wins over the variable, the variable over the file, and that over the default. An empty one
 * counts as not set. Throws StartError for a value that cannot be meant, and for a name that is no setting's.
 */
export function loadConfig(environment: Source, flags: Source = {}, file?: ConfigFile): Config {
  refuseUnknown(Object.keys(environment).filter(isForUs), { values: environment, where: "set" });
  if (file !== undefined)
    refuseUnknown(Object.keys(file.values), { values: file.values, where: `in ${file.path}` });
  const entries = Object.entries<Setting>(SETTINGS).map(([name, setting]) => [
    name,
    readSetting(setting, textsOf(setting, { environment, flags, file })),
  ]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- built from the keys and parsers of the table
  const config = Object.fromEntries(entries) as Config;
  requireAtMost("OKEN_DEFAULT_MEMORY", config.defaultMemory, ["OKEN_MAX_MEMORY", config.maxMemory]);
  requireAtMost("OKEN_DEFAULT_CPUS", config.defaultCpus, ["OKEN_MAX_CPUS", config.maxCpus]);
  requireApart(config);
  requirePairs(config);
  requireRegistry(config);
  return Object.freeze(config);
}

/** A name that is mistyped would change nothing, and nobody would notice. */
function refuseUnknown(given: string[], { values, where }: { values: Source; where: string }): void {
  const known = Object.values<Setting>(SETTINGS).map(({ env }) => env);
  const names = new Set<string>(known);
  const unknown = given.find((name) => values[name] && !names.has(name));
  if (unknown === undefined) return;
  const meant = nearest(unknown, known);
  const hint = meant === undefined ? "oken-runner serve --help lists them all" : `${meant} is the nearest`;
  throw new StartError(`${unknown} is ${where}, but there is no such setting; ${hint}.`);
}

function isForUs(name: string): boolean {
  return name.startsWith("OKEN_") && !NOT_SETTINGS.test(name);
}

type Sources = { environment: Source; flags: Source; file: ConfigFile | undefined };
type Given = { where: string; text: string };

/** What sets a setting, the one that wins first. */
function textsOf({ env }: Setting, { environment, flags, file }: Sources): Given[] {
  const flag = flagOf(env);
  const given = [
    { where: `--${flag}`, text: flags[flag] },
    { where: env, text: environment[env] },
    { where: `${env} in ${file?.path}`, text: file?.values[env] },
  ];
  return given.filter((one): one is Given => one.text !== undefined && one.text !== "");
}

function readSetting({ env, parse, ...setting }: Setting, [first]: Given[]) {
  if (first === undefined) return setting.default;
  const { where, text } = first;
  const parsed = parse(text);
  if (parsed.ok) return parsed.value;
  // A token is not repeated.
  const given = env === "OKEN_API_TOKEN" ? "set" : JSON.stringify(withoutCredentials(text));
  throw new StartError(`${where} is ${given}, but must be ${parsed.allowed}.`);
}

/** Whoever mistypes an address may have written a password in it, with any characters. */
function withoutCredentials(text: string): string {
  return text.replaceAll(/([A-Za-z]+:\/*)?\S*@/g, "$1[REDACTED]@");
}

/** A host below the agents' domain is an agent's, and never the runner's own. */
function requireApart({ agentDomain, publicUrl, allowedHosts, host }: Config): void {
  if (agentDomain === undefined) return;
  const own = { OKEN_HOST: host, OKEN_ALLOWED_HOSTS: allowedHosts, OKEN_PUBLIC_URL: publicUrl };
  for (const [name, value = ""] of Object.entries(own)) {
    const hosts = URL.canParse(value) ? [new URL(value).hostname] : value.split(" ");
    const below = hosts.find((each) => each.toLowerCase().endsWith(`.${agentDomain}`));
    if (below === undefined) continue;
    throw new StartError(
      `${name} is ${JSON.stringify(value)}, but must have no host below OKEN_AGENT_DOMAIN, ${agentDomain}: ${below} is an agent's.`,
    );
  }
}

/** Settings of which one is of no use without the other. */
function requirePairs({ tlsCertFile, tlsKeyFile, webhookUrl, webhookSecretFile }: Config): void {
  const pairs = [
    { OKEN_TLS_CERT_FILE: tlsCertFile, OKEN_TLS_KEY_FILE: tlsKeyFile, what: "a certificate and its key" },
    {
      OKEN_WEBHOOK_URL: webhookUrl,
      OKEN_WEBHOOK_SECRET_FILE: webhookSecretFile,
      what: "an address and the secret that signs",
    },
  ];
  for (const { what, ...values } of pairs) {
    const names = Object.entries(values);
    const set = names.find(([, value]) => value !== undefined);
    const missing = names.find(([, value]) => value === undefined);
    if (set === undefined || missing === undefined) continue;
    throw new StartError(`${set[0]} is set, but ${missing[0]} is not; ${what} go together.`);
  }
}

/** Only other hosts need a registry, and they need one. */
function requireRegistry({ backend, registry }: Config): void {
  if (backend === "swarm" && registry === undefined)
    throw new StartError(
      "OKEN_BACKEND is swarm, but OKEN_REGISTRY is not set: the nodes have the agents' images from a registry.",
    );
  if (backend !== "swarm" && registry !== undefined)
    throw new StartError(
      `OKEN_REGISTRY is set, but OKEN_BACKEND is ${backend}, which keeps images on this host; set OKEN_BACKEND=swarm, or leave the registry out.`,
    );
}

function requireAtMost(name: string, value: number, [limitName, limit]: [string, number]): void {
  if (value > limit) throw new StartError(`${name} is ${value}, but must be at most ${limitName}, ${limit}.`);
}
