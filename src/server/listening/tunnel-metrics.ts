import type { Metrics } from "../../metrics/metrics.ts";
import type { Tunnel } from "../../proxy/tunnel.ts";

/** How many WebSockets are open, looked up when the metrics are asked for. */
export function observeTunnels({ read }: Metrics, tunnels: ReadonlySet<Tunnel>): void {
  read({ name: "oken_websockets_open", help: "WebSockets that are open.", labels: [], type: "gauge" }, () => [
    [{}, tunnels.size],
  ]);
}
