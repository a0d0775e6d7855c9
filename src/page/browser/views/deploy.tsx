import { useSignal } from "@preact/signals";

import { messageOf } from "../lib/errors.ts";
import { type Progress, deploy } from "../lib/deploy.ts";
import { milliseconds } from "../lib/format.ts";
import { type Chosen, packed } from "../lib/pack.ts";
import { hrefOf } from "../lib/routes.ts";
import { secretsOf } from "../lib/secrets.ts";
import { DeployProgress } from "../parts/deploy-progress.tsx";
import { DropZone } from "../parts/drop-zone.tsx";
import { Notice } from "../parts/notice.tsx";

/** Deploys a folder or an archive that is dropped here. */
export function DeployView() {
  const id = useSignal("");
  const chosen = useSignal<Chosen | undefined>(undefined);
  const secrets = useSignal("");
  const keepSecrets = useSignal(true);
  const progress = useSignal<Progress | undefined>(undefined);
  const refusal = useSignal<string | undefined>(undefined);
  const isBusy = useSignal(false);

  const choose = (next: Chosen | undefined) => {
    if (next === undefined) return;
    chosen.value = next;
    refusal.value = undefined;
    if (id.value === "") id.value = idFrom(next.name);
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    if (chosen.value === undefined) {
      refusal.value = "Choose a folder or a .tar.gz first.";
      return;
    }
    isBusy.value = true;
    refusal.value = undefined;
    progress.value = undefined;
    try {
      const archive = await packed(chosen.value);
      const request = {
        id: id.value,
        archive,
        secrets: secretsOf(secrets.value),
        keepSecrets: keepSecrets.value,
      };
      await deploy(request, (next) => void (progress.value = next));
    } catch (error) {
      refusal.value = messageOf(error);
    } finally {
      isBusy.value = false;
    }
  };

  return (
    <>
      <div class="head">
        <h1>Deploy</h1>
      </div>
      <div class="columns deploy">
        <form class="card" onSubmit={(event) => void submit(event)}>
          <DropZone chosen={chosen.value} onChoose={choose} />
          <label for="agent-id">Agent id</label>
          <input
            id="agent-id"
            class="code"
            required
            pattern="[A-Za-z0-9_\-]{1,128}"
            title="1 to 128 letters, digits, dashes and underscores"
            placeholder="my-agent"
            value={id.value}
            onInput={({ currentTarget }) => void (id.value = currentTarget.value)}
          />
          <p class="muted hint">
            That of a new agent, or of the one to replace. It serves until the new version is ready.
          </p>
          <label for="secrets">Secrets</label>
          <textarea
            id="secrets"
            class="code"
            rows={4}
            spellcheck={false}
            placeholder={"API_KEY=…\nMODEL=small"}
            onInput={({ currentTarget }) => void (secrets.value = currentTarget.value)}
          />
          <label class="check">
            <input
              type="checkbox"
              checked={keepSecrets.value}
              onChange={({ currentTarget }) => void (keepSecrets.value = currentTarget.checked)}
            />
            Keep those that are not named here
          </label>
          {refusal.value !== undefined && <Notice kind="error">{refusal.value}</Notice>}
          <div class="actions">
            <button type="submit" class="primary" disabled={isBusy.value}>
              {isBusy.value ? "Deploying …" : "Deploy"}
            </button>
          </div>
        </form>
        <section class="card" aria-label="Progress">
          <h2>Progress</h2>
          {progress.value === undefined ? (
            <p class="muted">The phases and the log of the build are shown here as they come.</p>
          ) : (
            <DeployProgress progress={progress.value}>
              <Serves id={id.value} result={progress.value.result} />
            </DeployProgress>
          )}
        </section>
      </div>
    </>
  );
}

function Serves({ id, result }: { id: string; result: Progress["result"] }) {
  if (result === undefined) return null;
  return (
    <div class="notice notice-good" role="status">
      <p>
        <b>Version {result.version} serves</b>
        {result.unchanged ? ", unchanged" : ""} after {milliseconds(result.timings_ms.total)}.
      </p>
      <p>
        <a href={hrefOf(id, "invoke")}>Invoke it</a> · <a href={hrefOf(id)}>Look at it</a> ·{" "}
        <a href={hrefOf(id, "logs")}>Read its log</a>
      </p>
    </div>
  );
}

/** An id that a name may stand for. */
function idFrom(name: string): string {
  return name
    .replace(/\.(tar\.gz|tgz)$/i, "")
    .replaceAll(/[^A-Za-z0-9_-]+/g, "-")
    .slice(0, 128);
}
