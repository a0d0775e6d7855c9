export type Broadcast<T> = {
  /** To everyone who follows by now. */
  send(item: T): void;
  /** Ends what they follow, with an error if one is given. */
  end(error?: Error): void;
  /** What is sent from now on, after the items of `before`; fails with the signal's reason when that aborts. */
  follow(signal: AbortSignal, before?: T[]): AsyncIterable<T>;
};

export function createBroadcast<T>(): Broadcast<T> {
  const followers = new Set<ReadableStreamDefaultController<T>>();
  return {
    send(item) {
      for (const follower of followers) follower.enqueue(item);
    },
    end(error) {
      for (const follower of followers) {
        if (error === undefined) follower.close();
        else follower.error(error);
      }
      followers.clear();
    },
    follow(signal, before = []) {
      let controller: ReadableStreamDefaultController<T>;
      const onAbort = () => {
        if (followers.delete(controller)) controller.error(signal.reason);
      };
      signal.throwIfAborted();
      signal.addEventListener("abort", onAbort, { once: true });
      return new ReadableStream<T>({
        start(own) {
          controller = own;
          for (const item of before) own.enqueue(item);
          followers.add(own);
        },
        cancel() {
          followers.delete(controller);
          signal.removeEventListener("abort", onAbort);
        },
      });
    },
  };
}
