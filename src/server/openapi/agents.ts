export const listDocs = { summary: "List agents" };
export const detailDocs = { summary: "Show an agent" };
export const removeDocs = { summary: "Remove an agent" };
export const stopDocs = { summary: "Stop an agent" };
export const startDocs = { summary: "Start a stopped agent" };
