/** The body of an answer that is still made when the answer begins. It may say nothing for any time. */
export type OpenAnswer = {
  /** To be called when the whole body has been made, or is given up. */
  end(): void;
};

class State implements OpenAnswer {
  isOver = false;
  onEnd: (() => void) | undefined;

  end(): void {
    this.isOver = true;
    this.onEnd?.();
  }
}

type Marked = Request & { [MARK]?: State };

/** On the request itself: a map of requests would cost each of them more. */
const MARK = Symbol("open answer");

export function openAnswer(request: Request): OpenAnswer {
  const state = new State();
  const marked: Marked = request;
  marked[MARK] = state;
  return state;
}

/** Calls back when the request's answer has been made, which for most is now. There may be several callbacks. */
export function whenMade(request: Request, callback: () => void): void {
  const marked: Marked = request;
  const state = marked[MARK];
  if (state === undefined || state.isOver) callback();
  else if (state.onEnd === undefined) state.onEnd = callback;
  else {
    const earlier = state.onEnd;
    state.onEnd = () => {
      earlier();
      callback();
    };
  }
}
