/** What the person has not read, as the hub counts it: the same in all tabs and on all devices. */

import { given, hub, type Notification } from "./hub";
import { live, RESYNC, type Happened } from "./live.svelte";

const SOON = 250;
const SHOWN = 50;
/** What a tab that the person looks at has told him itself: no other tab tells it again. */
const TOLD = "omnihub-told";

class Notifications {
  unread = $state(0);
  items = $state.raw<Notification[]>([]);
  next = $state<string | null>(null);
  #counting = 0;

  /** `tell` shows a new one to whoever looks at this tab; `call` has the browser tell it, where nobody looks. */
  start(tell: (one: Notification) => void, call: (one: Notification) => void): () => void {
    void this.count();
    return live.on((event) => this.#hear(event, tell, call));
  }

  async count(): Promise<void> {
    this.unread = await hub.GET("/api/v1/notifications/unread").then((answer) => given(answer).unread).catch(() => this.unread);
  }

  async load(after?: string): Promise<void> {
    const page = given(await hub.GET("/api/v1/notifications", { params: { query: { limit: SHOWN, ...(after ? { after } : {}) } } }));
    this.items = after ? [...this.items, ...page.items] : page.items;
    this.next = page.next;
  }

  /** These, or all. */
  async read(ids?: string[]): Promise<void> {
    await hub.POST("/api/v1/notifications/read", { body: ids ? { ids } : { all: true } });
    await Promise.all([this.count(), this.load()]);
  }

  #hear(event: Happened, tell: (one: Notification) => void, call: (one: Notification) => void): void {
    if (!event.type.startsWith("notification.") && event.type !== RESYNC) return;
    this.#counting ||= window.setTimeout(() => {
      this.#counting = 0;
      void this.count();
      if (this.items.length) void this.load().catch(() => undefined);
    }, SOON);
    if (event.type === "notification.given.v1") void this.#given(event.data as { id?: string }, tell, call);
  }

  async #given({ id = "" }: { id?: string }, tell: (one: Notification) => void, call: (one: Notification) => void): Promise<void> {
    const page = await hub.GET("/api/v1/notifications", { params: { query: { limit: 10 } } }).then(given).catch(() => null);
    const one = page?.items.find((each) => each.id === id);
    if (!one) return;
    if (document.hasFocus()) {
      localStorage.setItem(TOLD, id);
      if (one.ways.includes("page")) tell(one);
    } else if (one.ways.includes("browser")) {
      setTimeout(() => { if (localStorage.getItem(TOLD) !== id) call(one); }, 2 * SOON);
    }
  }
}

export const notifications = new Notifications();
