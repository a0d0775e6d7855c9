import { render } from "preact";

import "uplot/dist/uPlot.min.css";
import "./style/base.css";
import "./style/layout.css";
import "./style/controls.css";
import "./style/agents.css";
import "./style/agent.css";
import "./style/logs.css";

import { App } from "./app.tsx";
import { followAddress } from "./lib/route.ts";
import { startStore } from "./store.ts";

const root = document.querySelector("#app");
if (root !== null) {
  followAddress();
  startStore();
  root.replaceChildren();
  render(<App />, root);
}
