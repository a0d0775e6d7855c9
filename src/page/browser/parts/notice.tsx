import type { ComponentChildren } from "preact";

/** Something that went wrong, or a hint. */
export function Notice({ kind, children }: { kind: "error" | "hint"; children: ComponentChildren }) {
  return (
    <div class={`notice notice-${kind}`} role={kind === "error" ? "alert" : undefined}>
      {children}
    </div>
  );
}
