import { whenMade } from "../open-answer.ts";
import type { Requests, RequestServer } from "../requests/requests.ts";
import { routeOf } from "../requests/route.ts";
import { pathOf } from "../requests/target.ts";

/** Answers a request elsewhere. Undefined once the connection is a WebSocket. */
export type Elsewhere = (request: Request, server: RequestServer) => Promise<Response | undefined>;

/** Whether requests go in, wait, or go to the runner that has taken over. */
export type Gate = {
  answer: Requests["answer"];
  /** Requests inside that may change something. */
  readonly changes: number;
  /** From now on these wait; invokes and reads go in. */
  holdChanges(): void;
  /** From now on all wait but invokes of agents of which `runs` says that they run. */
  hold(runs: (agentId: string) => boolean): void;
  /** Lets all in again, those that wait among them. */
  open(): void;
  /** From now on all are answered elsewhere, those that wait among them. */
  lead(elsewhere: Elsewhere): void;
};

/** Firsts of the paths whose requests change agents, unless they only read. */
const CHANGING = /^\/(?:deploy|start|stop|rollback|agents|disk|nodes)(?:\/|$)/;

const READING: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

export function createGate(requests: Pick<Requests, "answer">): Gate {
  let changes = 0;
  let isHeld: ((request: Request) => boolean) | undefined;
  let decided = Promise.withResolvers<void>();
  let elsewhere: Elsewhere | undefined;

  const enter: Requests["answer"] = async (request, server) => {
    if (isHeld?.(request) === true) return decided.promise.then(() => enter(request, server));
    if (elsewhere !== undefined) return elsewhere(request, server);
    if (!mayChange(request)) return requests.answer(request, server);
    changes += 1;
    const answer = await requests.answer(request, server);
    // A deploy may answer while it is at it.
    whenMade(request, () => void (changes -= 1));
    return answer;
  };
  const decide = () => {
    isHeld = undefined;
    decided.resolve();
    decided = Promise.withResolvers();
  };

  return {
    answer: (request, server) =>
      isHeld === undefined && elsewhere === undefined && READING.has(request.method)
        ? requests.answer(request, server)
        : enter(request, server),
    get changes() {
      return changes;
    },
    holdChanges() {
      isHeld = mayChange;
    },
    hold(runs) {
      isHeld = ({ url }) => {
        const { route, agentId } = routeOf(pathOf(url));
        return agentId === undefined || !route.startsWith("/invoke/") || !runs(agentId);
      };
    },
    open: decide,
    lead(to) {
      elsewhere = to;
      decide();
    },
  };
}

function mayChange({ method, url }: Request): boolean {
  return !READING.has(method) && CHANGING.test(pathOf(url));
}
