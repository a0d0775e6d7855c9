export const healthDocs = { summary: "Health" };
