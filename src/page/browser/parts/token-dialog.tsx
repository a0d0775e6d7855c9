import { useEffect, useRef } from "preact/hooks";

/** Asks for the token of a runner that has any. */
export function TokenDialog({ isWrong, answer }: { isWrong: boolean; answer: (token: string) => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const submit = (event: Event) => {
    event.preventDefault();
    const token = input.current?.value.trim() ?? "";
    if (token !== "") answer(token);
  };
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby="token-title"
      onCancel={(event) => event.preventDefault()}
    >
      <form onSubmit={submit}>
        <h2 id="token-title">This runner needs a token</h2>
        <p class="muted">
          One with the scope <code>read</code> shows everything here; invoking and deploying need their own.
          It is kept until this tab is closed.
        </p>
        <label for="token">Token</label>
        <input id="token" ref={input} type="password" autocomplete="current-password" required autofocus />
        {isWrong && (
          <p class="error-text" role="alert">
            The last token was not accepted.
          </p>
        )}
        <div class="actions">
          <button type="submit" class="primary">
            Continue
          </button>
        </div>
      </form>
    </dialog>
  );
}
