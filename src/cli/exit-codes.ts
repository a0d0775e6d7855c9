/** Exit statuses of every command, for scripts. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  denied: 4,
  missing: 5,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_MEANINGS: Record<ExitCode, string> = {
  [EXIT.ok]: "it was done",
  [EXIT.failed]: "the runner or the agent said no; the sentence says why",
  [EXIT.usage]: "the command line or a setting is wrong",
  [EXIT.unreachable]: "no runner answers at that address",
  [EXIT.denied]: "the runner wants a token, or another one",
  [EXIT.missing]: "there is no such agent, version, node or file",
  [EXIT.interrupted]: "it was broken off with Ctrl-C",
};
