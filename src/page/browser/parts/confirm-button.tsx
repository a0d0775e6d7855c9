import { useRef } from "preact/hooks";

type Props = {
  label: string;
  question: string;
  /** What the reader agrees to. */
  detail: string;
  isDangerous?: boolean;
  disabled?: boolean;
  onConfirm: () => void;
};

/** A button whose work cannot be taken back, and so asks once more. */
export function ConfirmButton({
  label,
  question,
  detail,
  isDangerous = false,
  disabled = false,
  onConfirm,
}: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const close = () => dialog.current?.close();
  return (
    <>
      <button
        type="button"
        class={isDangerous ? "danger" : ""}
        disabled={disabled}
        onClick={() => dialog.current?.showModal()}
      >
        {label}
      </button>
      <dialog ref={dialog} class="dialog" aria-label={question}>
        <h2>{question}</h2>
        <p class="muted">{detail}</p>
        <div class="actions">
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button
            type="button"
            class={isDangerous ? "danger solid" : "primary"}
            onClick={() => {
              close();
              onConfirm();
            }}
          >
            {label}
          </button>
        </div>
      </dialog>
    </>
  );
}
