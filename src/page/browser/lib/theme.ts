import { signal } from "@preact/signals";

export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "oken-theme";

/** What the reader chose; `auto` is the system's. */
export const theme = signal<Theme>(THEMES.find((name) => name === localStorage.getItem(KEY)) ?? "auto");

export function chooseTheme(chosen: Theme): void {
  localStorage.setItem(KEY, chosen);
  theme.value = chosen;
  showTheme();
}

function showTheme(): void {
  document.documentElement.dataset["theme"] = theme.value;
}
