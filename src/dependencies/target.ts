/** The one environment that an agent's packages are resolved for. */
export type Target = {
  /** `3.N`. */
  pythonVersion: string;
  /** What the engine builds for, as it says: `linux/x86_64`. */
  platform: string;
};

/** Names of processors, as engines have them and as Python's `platform.machine()` has them. */
const MACHINES: Record<string, string> = { amd64: "x86_64", arm64: "aarch64", arm: "armv7l" };

/** `requires-python` for a resolution: the agent's own Python, which the project's own words must allow. */
export function pythonOf({ pythonVersion }: Target, written: string | undefined): string {
  return written === undefined ? `==${pythonVersion}.*` : `==${pythonVersion}.*,${written}`;
}

/** The marker of PEP 508 that is true in the agent's image, and false elsewhere. */
export function markerOf({ platform }: Target): string {
  const [system = "linux", architecture = ""] = platform.split("/");
  const machine = MACHINES[architecture] ?? architecture;
  const isMachine = /^\w+$/.test(machine) ? ` and platform_machine == '${machine}'` : "";
  return `sys_platform == '${system}' and implementation_name == 'cpython'${isMachine}`;
}
