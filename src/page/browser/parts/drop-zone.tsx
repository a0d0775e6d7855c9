import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";

import { type Chosen, chosenFiles, droppedFiles, isArchive } from "../lib/pack.ts";

type DropZoneProps = { chosen: Chosen | undefined; onChoose: (chosen: Chosen | undefined) => void };

/** Where a folder or an archive is dropped, or chosen by a button. */
export function DropZone({ chosen, onChoose }: DropZoneProps) {
  const isOver = useSignal(false);
  const folder = useRef<HTMLInputElement>(null);
  const archive = useRef<HTMLInputElement>(null);
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    isOver.value = false;
    if (event.dataTransfer !== null) void droppedFiles(event.dataTransfer).then(onChoose);
  };
  return (
    <div
      class={isOver.value ? "drop over" : "drop"}
      onDragOver={(event) => {
        event.preventDefault();
        isOver.value = true;
      }}
      onDragLeave={() => void (isOver.value = false)}
      onDrop={onDrop}
    >
      <p class="drop-title">{chosen === undefined ? "Drop a folder or a .tar.gz here" : summaryOf(chosen)}</p>
      <div class="actions">
        <button type="button" onClick={() => folder.current?.click()}>
          Choose a folder
        </button>
        <button type="button" onClick={() => archive.current?.click()}>
          Choose an archive
        </button>
      </div>
      <p class="muted hint">
        What <code>.gitignore</code> and <code>.okenignore</code> name stays here, as do <code>.env</code>,{" "}
        <code>.git</code> and <code>.venv</code>.
      </p>
      <input
        ref={folder}
        hidden
        type="file"
        aria-label="Folder"
        {...{ webkitdirectory: true }}
        onChange={({ currentTarget }) => currentTarget.files && onChoose(chosenFiles(currentTarget.files))}
      />
      <input
        ref={archive}
        hidden
        type="file"
        aria-label="Archive"
        accept=".tar.gz,.tgz,application/gzip"
        onChange={({ currentTarget }) => currentTarget.files && onChoose(chosenFiles(currentTarget.files))}
      />
    </div>
  );
}

function summaryOf({ name, files }: Chosen): string {
  if (files.length === 1 && isArchive(name)) return name;
  return `${name}: ${files.length} ${files.length === 1 ? "file" : "files"}`;
}
