/** What stops the start: one sentence that names the setting, its value and what is wrong with it. */
export class StartError extends Error {
  override readonly name = "StartError";
}
