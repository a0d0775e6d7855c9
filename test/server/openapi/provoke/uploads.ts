import { tmpdir } from "node:os";

import { KiB, MiB } from "../../../../src/lib/bytes.ts";
import type { UPLOAD_PROBLEMS } from "../../../../src/server/openapi/problems/uploads.ts";
import { createBudget } from "../../../../src/upload/budget.ts";
import { assertForm, readForm } from "../../../../src/upload/form.ts";
import { receiveUpload } from "../../../../src/upload/receive.ts";
import { withBase } from "../../../fixtures/archives/case.ts";
import { scratchDirectory } from "../../../fixtures/archives/scratch.ts";
import { END, file, gzip, symlink } from "../../../fixtures/archives/tar-bytes.ts";
import { startUploadServer } from "../../../fixtures/upload/server.ts";
import { createBareApp } from "../../../helpers/app.ts";
import { onceWith } from "../../../helpers/once.ts";
import type { Provoke } from "./provoke.ts";

const FORM = "multipart/form-data; boundary=b";
/** Of a runner with the default limits: the tarball, the secrets and what is around them. */
const MAX_FORM_BYTES = 53_542_912;
const LIMITS = { maxUploadBytes: 50 * MiB, idleTimeoutMs: 30_000, minBytesPerSecond: KiB };

export const UPLOADS: Record<keyof typeof UPLOAD_PROBLEMS, Provoke> = {
  configError: () =>
    deploy(
      gzip(file("oken.toml", '[agent]\nname = "Echo"\nentrypoint_type = "web"\n'), file("main.py", ""), END),
    ),
  keyInvalid: () =>
    createBareApp().handle(
      new Request("http://localhost/deploy", { method: "POST", headers: { "idempotency-key": "a b" } }),
    ),
  async keyReused() {
    const { once, upload } = await onceWith();
    await once(upload({ secrets: {} }), "a-key");
    await once(upload({ secrets: { NAME: "other" } }), "a-key");
  },
  formMalformed() {
    const form = new FormData();
    form.set("agent_id", "echo");
    return post(form);
  },
  lengthRequired: () => assertForm(new Headers({ "content-type": FORM })),
  formTooLarge: () =>
    readForm(
      new Request("http://localhost/", {
        method: "POST",
        headers: { "content-type": FORM },
        body: "x".repeat(MAX_FORM_BYTES + 1),
      }),
      { textFields: [], field: () => undefined, file: () => Promise.resolve() },
      { limits: { ...LIMITS, maxBodyBytes: MAX_FORM_BYTES, maxFieldBytes: KiB } },
    ),
  notAForm: () => post("{}"),
  archiveNotGzip: () => deploy(Buffer.from("PK\u0003\u0004 and what a zip file holds")),
  archiveCorrupt: () => deploy(Buffer.alloc(0)),
  archiveUnsafe: () => deploy(withBase(symlink("data/current", "/etc/passwd"))),
  archiveTooLarge: () =>
    receiveUpload(
      new Request("http://localhost/", {
        method: "POST",
        headers: { "content-type": FORM, "content-length": String(60 * MiB) },
      }),
      { directory: tmpdir(), limits: LIMITS, budget: createBudget(MiB) },
    ),
  archiveEmpty: () => deploy(gzip(END)),
  overloaded: () => createBudget(1_073_741_824).open().take(1_073_741_825),
};

/** Sends an archive as a deploy does, to a server of its own. */
function deploy(archive: Uint8Array): Promise<Response> {
  const form = new FormData();
  form.set("agent_id", "echo");
  form.set("tarball", new Blob([new Uint8Array(archive)]), "agent.tar.gz");
  return post(form);
}

async function post(body: FormData | string): Promise<Response> {
  await using scratch = await scratchDirectory();
  await using server = await startUploadServer({ directory: scratch.path() });
  const answer = await fetch(`${server.url}/deploy`, { method: "POST", body });
  return new Response(await answer.bytes(), answer);
}
