import { useEffect, useRef } from "preact/hooks";

import { tokenQuestion } from "./lib/api.ts";
import { route } from "./lib/route.ts";
import { Bar } from "./parts/bar.tsx";
import { TokenDialog } from "./parts/token-dialog.tsx";
import { AgentView } from "./views/agent.tsx";
import { AgentsView } from "./views/agents.tsx";
import { DeployView } from "./views/deploy.tsx";
import { HostView } from "./views/host.tsx";

export function App() {
  return (
    <>
      <a class="skip" href="#main" onClick={skipToMain}>
        Skip to the content
      </a>
      <Bar />
      <Main />
      {tokenQuestion.value && <TokenDialog {...tokenQuestion.value} />}
    </>
  );
}

function Main() {
  const main = useRef<HTMLElement>(null);
  const shown = route.value;
  const place = shown.view === "agent" ? `${shown.view}/${shown.id}` : shown.view;
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = `${shown.view === "agent" ? shown.id : TITLES[shown.view]} · Oken Runner`;
    // Readers of screens hear where they are; at first the browser itself says it.
    if (!isFirst.current) main.current?.focus({ preventScroll: true });
    if (!isFirst.current) scrollTo(0, 0);
    isFirst.current = false;
  }, [place]);
  return (
    <main class="page" id="main" tabIndex={-1} ref={main}>
      <View key={place} />
    </main>
  );
}

const TITLES = { agents: "Agents", deploy: "Deploy", host: "Host" };

function View() {
  const shown = route.value;
  if (shown.view === "agent") return <AgentView id={shown.id} tab={shown.tab} />;
  if (shown.view === "deploy") return <DeployView />;
  return shown.view === "host" ? <HostView /> : <AgentsView />;
}

/** The address is the page's own, so the browser must not follow it. */
function skipToMain(event: Event) {
  event.preventDefault();
  document.querySelector<HTMLElement>("#main")?.focus();
}
