import { connection } from "../lib/live.ts";
import { route } from "../lib/route.ts";
import { THEMES, chooseTheme, theme } from "../lib/theme.ts";

const LINKS = [
  ["agents", "Agents"],
  ["deploy", "Deploy"],
  ["host", "Host"],
] as const;

const STATES = { connecting: "Connecting", live: "Live", lost: "Reconnecting" };
const THEME_NAMES = { auto: "Auto", light: "Light", dark: "Dark" };

export function Bar() {
  const { view } = route.value;
  const isCurrent = (name: string) => view === name || (name === "agents" && view === "agent");
  return (
    <header class="bar">
      <a class="brand" href="#/agents">
        <span class="mark" aria-hidden="true" />
        <span class="brand-name">Oken Runner</span>
      </a>
      <nav aria-label="Main">
        {LINKS.map(([name, label]) => (
          <a key={name} href={`#/${name}`} aria-current={isCurrent(name) ? "page" : undefined}>
            {label}
          </a>
        ))}
        <a href="docs">API</a>
      </nav>
      <span class={`connection ${connection.value}`} role="status">
        <span class="connection-name">{STATES[connection.value]}</span>
      </span>
      <ThemeSwitch />
    </header>
  );
}

function ThemeSwitch() {
  const next = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? "auto";
  return (
    <button
      type="button"
      class="quiet theme"
      aria-label={`Theme: ${THEME_NAMES[theme.value]}. Switch to ${THEME_NAMES[next]}`}
      onClick={() => chooseTheme(next)}
    >
      <span aria-hidden="true">◐</span> {THEME_NAMES[theme.value]}
    </button>
  );
}
