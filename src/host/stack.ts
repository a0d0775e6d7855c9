/** Files that the swarm gives to the runner, by the settings that name them. Each is a secret of the swarm. */
const SECRETS = {
  OKEN_API_TOKENS_FILE: "oken-tokens",
  OKEN_SECRETS_KEY_FILE: "oken-secrets-key",
};

/** What a runner is told that is a service, unless it is told something else. */
const DEFAULTS = { OKEN_BACKEND: "swarm", OKEN_HOST: "0.0.0.0" };

const DATA_DIR = "/var/lib/oken";

export type StackOptions = {
  image: string;
  /** One is active, the others wait. */
  replicas: number;
  /** By their variables. */
  settings: Record<string, string>;
};

/** A file for `docker stack deploy` that has the runner as a service of its swarm. */
export function stackFile({ image, replicas, settings }: StackOptions): string {
  const paths = Object.entries(SECRETS).map(([name, secret]) => [name, `/run/secrets/${secret}`] as const);
  const environment: Record<string, string> = {
    ...DEFAULTS,
    ...Object.fromEntries(paths),
    ...settings,
    OKEN_DATA_DIR: DATA_DIR,
  };
  const lines = Object.entries(environment).map(([name, value]) => `      ${name}: ${quoted(value)}`);
  const secrets = Object.values(SECRETS);
  return `# docker stack deploy --compose-file FILE oken
version: "3.9"
services:
  runner:
    image: ${quoted(image)}
    command: [serve]
    # It reaches the agents at the nodes' addresses, and is reached at those of its own.
    networks: [host]
    cap_add: [NET_ADMIN]
    stop_grace_period: 30s
    # A runner that waits is not well, and is not to be restarted for it.
    healthcheck: { disable: true }
    environment:
${lines.join("\n")}
    secrets: [${secrets.join(", ")}]
    volumes:
      - /var/run/docker.sock:/var/run/docker.sock
      - data:${DATA_DIR}
    deploy:
      # One is active, the others wait for its end.
      replicas: ${replicas}
      placement:
        constraints: [node.role == manager]
        max_replicas_per_node: 1
      restart_policy: { condition: any, delay: 2s }
      # The next one is stopped when the one before waits or is active again.
      update_config: { parallelism: 1, order: stop-first, delay: 5s }
networks:
  host: { external: true, name: host }
volumes:
  data: {}
secrets:
${secrets.map((name) => `  ${name}: { external: true }`).join("\n")}
`;
}

/** `docker stack` puts variables in where there is a dollar. */
function quoted(value: string): string {
  return JSON.stringify(value).replaceAll("$", "$$$$");
}
