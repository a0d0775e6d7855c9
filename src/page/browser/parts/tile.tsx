import type { ComponentChildren } from "preact";

/** One figure with its name. */
export function Tile({
  name,
  value,
  note,
}: {
  name: string;
  value: ComponentChildren;
  note?: ComponentChildren;
}) {
  return (
    <div class="tile">
      <dt>{name}</dt>
      <dd>{value}</dd>
      {note !== undefined && <dd class="tile-note">{note}</dd>}
    </div>
  );
}
