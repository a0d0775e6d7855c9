export const listDocs = { summary: "List an agent's deployments" };
export const showDocs = { summary: "Show or follow a deployment" };
export const cancelDocs = { summary: "Cancel a deployment" };
