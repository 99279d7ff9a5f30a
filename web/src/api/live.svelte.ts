/** What happens, as it happens: one stream for all tabs. The tab that holds the lock listens and tells the others. */

export interface Happened {
  type: string;
  data: Record<string, never>;
}

type Listener = (event: Happened) => void;

const TYPES = [
  "interaction.linked.v1",
  "interaction.planned.v1",
  "interaction.changed.v1",
  "chain.opened.v1",
  "chain.changed.v1",
  "client.opened.v1",
  "client.changed.v1",
  "task.opened.v1",
  "task.changed.v1",
  "task.reminded.v1",
  "notice.given.v1",
  "notification.given.v1",
  "notification.changed.v1",
  "draft.moved.v1",
  "job.progressed.v1",
  "call.ringing.v1",
  "agent.changed.v1",
  "board.moved.v1",
];
/** Told to the tabs when something may have been missed: what is on the screen is read again. */
export const RESYNC = "resync";
const ENDS = ["logged_out", "cut_off"];
const CHANNEL = "omnihub-live";
const PAUSES = [1_000, 2_000, 5_000, 10_000];

class Live {
  /** Whether the stream is there; a quiet bar says when it is not. */
  connected = $state(true);
  #listeners = new Set<Listener>();
  #channel = new BroadcastChannel(CHANNEL);
  #tries = 0;
  #stop = new AbortController();
  #ended: () => void = () => {};

  /** `ended` is called when the hub lets nobody listen any more: the session may be over. */
  start(ended: () => void): void {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#ended = ended;
    this.#channel.onmessage = (message: MessageEvent<Happened>) => this.#hear(message.data);
    const { signal } = this.#stop;
    const leading = () => new Promise<void>((done) => {
      signal.addEventListener("abort", () => done());
      this.#listen(signal);
    });
    navigator.locks.request(CHANNEL, { signal }, leading).catch(() => undefined);
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Returns how to stop hearing. */
  on(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #hear(event: Happened): void {
    if (event.type === "connected" || event.type === "broken") {
      this.connected = event.type === "connected";
      return;
    }
    for (const listener of this.#listeners) listener(event);
  }

  #tell(event: Happened): void {
    this.#channel.postMessage(event);
    this.#hear(event);
  }

  #listen(signal: AbortSignal, missed = false): void {
    if (signal.aborted) return;
    const source = new EventSource("/api/v1/live");
    signal.addEventListener("abort", () => source.close());
    source.onopen = () => {
      this.#tries = 0;
      this.#tell({ type: "connected", data: {} });
      if (missed) this.#tell({ type: RESYNC, data: {} });
      missed = false;
    };
    source.onerror = () => {
      this.#tell({ type: "broken", data: {} });
      // The browser comes back by itself, with the last id, unless it was refused. What was read meanwhile may have failed.
      missed = true;
      if (source.readyState === EventSource.CLOSED) this.#again(signal);
    };
    for (const type of TYPES) {
      source.addEventListener(type, (event) => this.#tell({ type, data: JSON.parse((event as MessageEvent<string>).data) }));
    }
    for (const end of ENDS) {
      source.addEventListener(end, () => {
        source.close();
        this.#again(signal);
      });
    }
  }

  #again(signal: AbortSignal): void {
    this.#ended();
    const pause = PAUSES[Math.min(this.#tries++, PAUSES.length - 1)];
    setTimeout(() => this.#listen(signal, true), pause);
  }
}

export const live = new Live();
