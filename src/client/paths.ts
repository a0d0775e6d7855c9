/** Paths of the API that have an agent's id in them. */
export const agentPath = (id: string) => `/agents/${encodeURIComponent(id)}`;
export const secretsPath = (id: string) => `${agentPath(id)}/secrets`;
export const logsPath = (id: string) => `/logs/${encodeURIComponent(id)}`;
export const stopPath = (id: string) => `/stop/${encodeURIComponent(id)}`;
export const startPath = (id: string) => `/start/${encodeURIComponent(id)}`;
export const rollbackPath = (id: string) => `/rollback/${encodeURIComponent(id)}`;
export const invokePath = (id: string) => `/invoke/${encodeURIComponent(id)}`;
/** Those with a node's name. */
export const drainPath = (node: string) => `/nodes/${encodeURIComponent(node)}/drain`;
export const activatePath = (node: string) => `/nodes/${encodeURIComponent(node)}/activate`;
