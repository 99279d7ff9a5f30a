/** One chain as it is read: its interactions, who writes in it beside me, how to answer. */

import { given, hub, reasonOf, type Client, type Draft, type Interaction, type Outcome, type Row, type Task, type Way } from "../../api/hub";
import { live, RESYNC, type Happened } from "../../api/live.svelte";
import { notifications } from "../../api/notifications.svelte";
import { session } from "../../api/session.svelte";
import { boxOf } from "../../drafts/drafts.svelte";

const LIMIT = 40;
const WATCHING = 15_000;
const ACTIVE = 60_000;
let moved = Date.now();
for (const what of ["keydown", "pointermove"]) addEventListener(what, () => (moved = Date.now()), { passive: true });

export class Thread {
  row = $state<Row | null>(null);
  /** Oldest first. */
  items = $state.raw<Interaction[]>([]);
  earlier = $state<string | null>(null);
  ways = $state<Way[]>([]);
  client = $state<Client | null>(null);
  deals = $state<Outcome[]>([]);
  claims = $state<Outcome[]>([]);
  tasks = $state<Task[]>([]);
  recent = $state<Interaction[]>([]);
  colleagues = $state<Draft[]>([]);
  problem = $state("");
  loaded = $state(false);
  /** The newest that was read when it was opened. */
  readAt = $state<string | null>(null);

  constructor(readonly id: string) {
    // Made here: an effect does not hear of what is made while it runs itself.
    for (const kind of ["answer", "note"] as const) boxOf(id, kind);
  }

  /** `shown` is called once its messages are there: what is read beside them, nobody waits for. */
  async open(shown?: () => void): Promise<void> {
    try {
      const [row, page] = await Promise.all([this.#row(), this.#page()]);
      [this.row, this.readAt] = [row, row.read_at];
      [this.items, this.earlier, this.loaded] = [page.items.toReversed(), page.next, true];
      shown?.();
      await Promise.all([this.#beside(row.client_id), this.drafts()]);
    } catch (error) {
      this.problem = reasonOf(error);
    }
  }

  /** `changed` is told how many came that were not there. */
  listen(changed: (fresh: number) => void): () => void {
    const stop = live.on((event) => this.#hear(event, changed));
    // Drafts of colleagues are not on the stream: they are looked at while somebody looks at the chain.
    const timer = setInterval(() => { if (document.visibilityState === "visible" && Date.now() - moved < ACTIVE) void this.drafts(); }, WATCHING);
    return () => {
      stop();
      clearInterval(timer);
    };
  }

  async older(): Promise<void> {
    if (!this.earlier) return;
    const page = await this.#page(this.earlier);
    this.items = [...page.items.toReversed(), ...this.items];
    this.earlier = page.next;
  }

  /** How many came meanwhile. */
  async again(): Promise<number> {
    const [row, page] = await Promise.all([this.#row(), this.#page()]);
    this.row = row;
    return page.items.toReversed().filter((each) => this.put(each)).length;
  }

  /** What the hub says now of one that is there, or a new one; whether it is new. */
  put(interaction: Interaction): boolean {
    const at = this.items.findIndex((each) => each.id === interaction.id);
    if (at >= 0) this.items = this.items.with(at, interaction);
    else this.items = [...this.items, interaction].sort((one, other) => (one.at < other.at ? -1 : 1));
    return at < 0;
  }

  get newest(): Interaction | undefined {
    return this.items.at(-1);
  }

  /** The answer of a colleague that went out since I began to write. */
  overtaken(since: string): Interaction | undefined {
    if (!since) return undefined;
    return this.items.findLast(
      (each) => each.direction === "out" && each.delivery && each.author && each.author !== session.login && each.at > since && each.delivery.state !== "cancelled",
    );
  }

  async read(): Promise<void> {
    const newest = this.newest;
    // What tells of this chain is read with it.
    if (!newest || !(this.row?.unread || notifications.unread)) return;
    await hub.PUT("/api/v1/chains/{id}/read", { params: { path: { id: this.id } }, body: { upto: newest.id } });
    if (this.row) this.row = { ...this.row, unread: false };
  }

  async drafts(): Promise<void> {
    const found = given(await hub.GET("/api/v1/chains/{id}/drafts", { params: { path: { id: this.id } } })).items;
    this.colleagues = found.filter((draft) => draft.login !== session.login);
    for (const kind of ["answer", "note"] as const) {
      boxOf(this.id, kind).fill(found.find((draft) => draft.login === session.login && draft.kind === kind));
    }
  }

  async refreshSide(): Promise<void> {
    if (this.row) await this.#beside(this.row.client_id);
  }

  async #beside(client: string): Promise<void> {
    const query = { client_id: client, limit: 20 };
    const [card, ways, deals, claims, tasks, recent] = await Promise.all([
      hub.GET("/api/v1/clients/{id}", { params: { path: { id: client } } }).then(given),
      hub.GET("/api/v1/clients/{id}/channels", { params: { path: { id: client } } }).then(given),
      hub.GET("/api/v1/deals", { params: { query } }).then(given),
      hub.GET("/api/v1/claims", { params: { query } }).then(given),
      hub.GET("/api/v1/tasks", { params: { query: { ...query, state: "open" } } }).then(given),
      hub.GET("/api/v1/interactions", { params: { query: { client_id: client, limit: 5 } } }).then(given),
    ]);
    [this.client, this.ways, this.deals, this.claims] = [card, ways.items, deals.items, claims.items];
    [this.tasks, this.recent] = [tasks.items, recent.items];
  }

  #hear(event: Happened, changed: (fresh: number) => void): void {
    if (event.type === RESYNC) {
      void this.again().then(changed).catch(() => undefined);
      return;
    }
    if (event.type === "draft.moved.v1") {
      if ((event.data as { chain_id?: string }).chain_id === this.id) void this.drafts().catch(() => undefined);
      return;
    }
    const data = event.data as { interaction?: Interaction; chain?: { id: string }; client?: { id: string }; task?: { client_id: string | null } };
    if (data.interaction?.chain_id === this.id) {
      const fresh = this.put(data.interaction);
      if (fresh && data.interaction.direction === "in" && this.row) this.row = { ...this.row, unread: true };
      changed(fresh ? 1 : 0);
    } else if (data.chain?.id === this.id) void this.#row().then((row) => (this.row = row)).catch(() => undefined);
    else if ((data.client?.id ?? data.task?.client_id) === this.row?.client_id && this.row) void this.refreshSide();
  }

  async #row(): Promise<Row> {
    return given(await hub.GET("/api/v1/inbox/{id}", { params: { path: { id: this.id } } }));
  }

  async #page(after?: string): Promise<{ items: Interaction[]; next: string | null }> {
    const query = { chain_id: this.id, limit: LIMIT, ...(after ? { after } : {}) };
    return given(await hub.GET("/api/v1/interactions", { params: { query } }));
  }
}
