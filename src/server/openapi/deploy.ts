export const deployDocs = { summary: "Deploy an agent" };
