import packageJson from "../../package.json" with { type: "json" };

/** The runner's own version, part of what an unchanged redeploy compares. */
export const VERSION: string = packageJson.version;
