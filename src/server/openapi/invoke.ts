export const invokeDocs = { summary: "Invoke an agent" };
