export const logsDocs = { summary: "Read or follow an agent's log" };
