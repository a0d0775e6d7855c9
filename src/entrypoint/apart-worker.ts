/** The thread in which `apart.ts` has an upload's Python read. It does so once, and is ended. */
import { toFailure } from "../lib/failure.ts";
import type { SyntaxProblem } from "../model/syntax.ts";
import type { FromReader, ToReader } from "./apart-messages.ts";
import { detectEntrypoint } from "./detect.ts";

declare const self: Worker;

let asked = Promise.withResolvers<SyntaxProblem | undefined>();

self.addEventListener("message", ({ data }: MessageEvent<ToReader>) => {
  if (data.op === "compiled") asked.resolve(data.problem);
  else void detect(data);
});

async function detect({ tree, manifest }: ToReader & { op: "detect" }): Promise<void> {
  try {
    post({ kind: "detection", detection: await detectEntrypoint({ tree, manifest, compile }) });
  } catch (error) {
    post({ kind: "failure", failure: toFailure(error) });
  }
}

/** Modules are asked about one after the other. */
function compile(source: Uint8Array): Promise<SyntaxProblem | undefined> {
  asked = Promise.withResolvers();
  post({ kind: "compile", source });
  return asked.promise;
}

function post(message: FromReader): void {
  self.postMessage(message);
}
