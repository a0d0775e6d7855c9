import { tarball } from "./tarball.ts";

export type Answer<T = Record<string, unknown>> = { status: number; headers: Headers; body: T };

export type Deployed = {
  agent_id: string;
  status: string;
  endpoint: string;
  version: number;
  entrypoint_type: string;
  unchanged: boolean;
  warnings: string[];
  error: string;
  code: string;
  details: Record<string, unknown>;
};

export type ErrorAnswer = { error: string; code: string; details?: Record<string, unknown> };

export type InvokeInit = { headers?: Record<string, string>; signal?: AbortSignal };

/** What a client written from the contract alone can do. */
export type Client = {
  deploy(
    agentId: string,
    files: Record<string, string | Uint8Array>,
    secrets?: unknown,
  ): Promise<Answer<Deployed>>;
  deployForm(form: FormData): Promise<Answer<Deployed>>;
  invoke(
    agentId: string,
    input?: unknown,
    init?: InvokeInit,
  ): Promise<Answer<{ output: unknown } & ErrorAnswer>>;
  request<T = Record<string, unknown>>(method: string, path: string, init?: RequestInit): Promise<Answer<T>>;
};

/** By the address, or by a Unix socket, where the address only names the host. */
export function createClient(url: () => string, way: { unix?: string } = {}): Client {
  async function request<T>(method: string, path: string, init: RequestInit = {}): Promise<Answer<T>> {
    const response = await fetch(url() + path, { ...way, ...init, method });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json") ?? false;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a test says what it expects, and then checks it
    const body = (isJson ? JSON.parse(text) : text) as T;
    return { status: response.status, headers: response.headers, body };
  }
  const deployForm = (form: FormData) => request<Deployed>("POST", "/deploy", { body: form });

  return {
    request,
    deployForm,
    async deploy(agentId, files, secrets) {
      const form = new FormData();
      form.set("agent_id", agentId);
      form.set("tarball", new Blob([await tarball(files)]), "agent.tar.gz");
      if (secrets !== undefined)
        form.set("secrets", typeof secrets === "string" ? secrets : JSON.stringify(secrets));
      return deployForm(form);
    },
    invoke: (agentId, input = {}, init = {}) =>
      request("POST", `/invoke/${agentId}`, {
        ...init,
        headers: { "content-type": "application/json", ...init.headers },
        body: JSON.stringify({ input }),
      }),
  };
}
