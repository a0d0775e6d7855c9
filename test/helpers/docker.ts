/** The lines that a docker command prints. Throws if it fails. */
export async function docker(args: string[]): Promise<string[]> {
  const child = Bun.spawn(["docker", ...args], { stdout: "pipe", stderr: "pipe" });
  const [out, error, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (code !== 0) throw new Error(`docker ${args.join(" ")}: ${error}`);
  return out.split("\n").filter((line) => line !== "");
}
