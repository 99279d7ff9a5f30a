/** The list of chains: which are shown, where the person is in it, and what happens to it by itself. */

import { given, hub, reasonOf, type Chain, type Counts, type Piece, type Row } from "../../api/hub";
import { live, RESYNC, type Happened } from "../../api/live.svelte";
import { Pages } from "../../kit/pages.svelte";
import { toasts } from "../../kit/toasts.svelte";
import { say } from "../../i18n/say.svelte";

export const VIEWS = ["mine", "unassigned", "team", "all", "snoozed", "drafts", "closed"] as const;
export type View = (typeof VIEWS)[number];

const LIMIT = 100;
const SOON = 300;
const FEW = 4;

export class Inbox {
  view = $state<View>("all");
  search = $state("");
  /** Of what was searched for: where it stands, by chain. */
  fragments = $state.raw<ReadonlyMap<string, Piece[]>>(new Map());
  counts = $state<Counts | null>(null);
  chosen = $state<string | null>(null);
  picked = $state<ReadonlySet<string>>(new Set());
  /** Whether the person points at the list or is further down: then nothing moves by itself. */
  still = $state(false);
  /** Rows that wait to be shown, by chain. */
  waiting = $state.raw<ReadonlyMap<string, Row>>(new Map());
  pages = new Pages<Row>((after) => this.#read(after));
  #news = new Set<string>();
  #timer = 0;
  #counting = 0;

  start(): () => void {
    void this.pages.reload();
    void this.count();
    return live.on((event) => this.#hear(event));
  }

  get rows(): Row[] {
    return this.pages.items;
  }

  get at(): number {
    return this.rows.findIndex((row) => row.chain.id === this.chosen);
  }

  show(view: View, search = ""): void {
    if (view === this.view && search === this.search) return;
    [this.view, this.search, this.picked, this.waiting, this.fragments] = [view, search, new Set(), new Map(), new Map()];
    this.pages.items = [];
    this.pages.loaded = false;
    void this.pages.reload();
  }

  async count(): Promise<void> {
    this.counts = given(await hub.GET("/api/v1/queues"));
  }

  countOf(view: View): number | null {
    return this.counts && view !== "drafts" && view !== "closed" ? this.counts[view] : null;
  }

  /** The chain that follows the chosen one, or the one before where it is the last. */
  beside(step: 1 | -1): string | null {
    const at = this.at;
    if (at < 0) return this.rows[0]?.chain.id ?? null;
    return this.rows[at + step]?.chain.id ?? null;
  }

  pick(id: string, on: boolean): void {
    const next = new Set(this.picked);
    if (on) next.add(id);
    else next.delete(id);
    this.picked = next;
  }

  /** What waited comes in, the newest first. */
  admit(): void {
    const rows = new Map(this.rows.map((row) => [row.chain.id, row]));
    for (const [id, row] of this.waiting) rows.set(id, row);
    this.waiting = new Map();
    this.#set([...rows.values()].sort(newestFirst));
  }

  /** After somebody changed a chain here. */
  put(chain: Chain): void {
    this.#news.add(chain.id);
    this.#look();
  }

  touched(id: string): void {
    this.#news.add(id);
    this.#look();
  }

  #set(rows: Row[]): void {
    this.pages.items = rows;
  }

  async #read(after?: string): Promise<{ items: Row[]; next: string | null }> {
    if (this.view === "drafts") return this.#drafts(after);
    if (this.search.length > 1) return this.#found(after);
    const where = this.view === "closed" ? { state: "closed" as const } : { view: this.view };
    return given(await hub.GET("/api/v1/inbox", { params: { query: { ...where, limit: LIMIT, ...(after ? { after } : {}) } } }));
  }

  async #drafts(after?: string): Promise<{ items: Row[]; next: string | null }> {
    const page = given(await hub.GET("/api/v1/drafts", { params: { query: { limit: 50, ...(after ? { after } : {}) } } }));
    return { items: await rowsOf(page.items.map((draft) => draft.chain_id)), next: page.next };
  }

  async #found(after?: string): Promise<{ items: Row[]; next: string | null }> {
    const query = { q: this.search, limit: 50, ...(after ? { after } : {}) };
    const page = given(await hub.GET("/api/v1/search/messages", { params: { query } }));
    const hits = page.items.filter((hit) => hit.chain_id);
    const known = after ? this.fragments : new Map<string, Piece[]>();
    // The newest hit of a chain stands for it.
    this.fragments = new Map([...[...hits].reverse().map((hit) => [hit.chain_id!, hit.fragment] as const), ...known]);
    const shown = new Set(this.rows.map((row) => row.chain.id));
    const fresh = hits.map((hit) => hit.chain_id!).filter((id) => !after || !shown.has(id));
    return { items: await rowsOf(fresh), next: page.next };
  }

  #hear(event: Happened): void {
    const data = event.data as { chain?: { id: string }; interaction?: { chain_id: string } };
    if (event.type === RESYNC) {
      void this.pages.reload();
      void this.count();
      return;
    }
    const id = data.chain?.id ?? data.interaction?.chain_id;
    if (id) {
      this.#news.add(id);
      this.#look();
    }
  }

  #look(): void {
    this.#timer ||= window.setTimeout(() => void this.#fetch(), SOON);
    this.#counting ||= window.setTimeout(() => {
      this.#counting = 0;
      void this.count();
    }, SOON);
  }

  async #fetch(): Promise<void> {
    const news = [...this.#news];
    this.#timer = 0;
    this.#news.clear();
    if (this.search || this.view === "drafts") return;
    const fresh = news.length > FEW ? await this.#first() : await rowsOf(news);
    this.#merge(fresh, news);
  }

  /** Many at once: the first page has whatever is new. */
  async #first(): Promise<Row[]> {
    return (await this.#read()).items;
  }

  #merge(fresh: Row[], news: string[]): void {
    const found = new Map(fresh.map((row) => [row.chain.id, row]));
    const gone = new Set(news.filter((id) => !found.has(id) || !this.#belongs(found.get(id)!)));
    if (news.length > FEW) gone.clear();
    const known = new Set(this.rows.map((row) => row.chain.id));
    // The chosen one stays where it is until another is chosen, so that nobody loses what he looks at.
    let rows = this.rows.filter((row) => !gone.has(row.chain.id) || row.chain.id === this.chosen);
    rows = rows.map((row) => found.get(row.chain.id) ?? row);
    const added = fresh.filter((row) => !known.has(row.chain.id) && !gone.has(row.chain.id));
    if (this.still) {
      this.waiting = new Map([...this.waiting, ...added.map((row) => [row.chain.id, row] as const)]);
      this.#set(rows);
    } else this.#set([...rows, ...added].sort(newestFirst));
  }

  /** Whether a chain is in the view that is shown, as far as the page can say; the hub's own list decides at the next reading. */
  #belongs(row: Row): boolean {
    const { state, owner } = row.chain;
    switch (this.view) {
      case "closed":
        return state === "closed";
      case "snoozed":
        return Boolean(row.chain.snoozed_until) && state === "open";
      case "unassigned":
        return isOpen(row) && !owner;
      case "mine":
        return isOpen(row) && owner === this.#me;
      case "team":
        return isOpen(row) && (this.rows.some((each) => each.chain.id === row.chain.id) || Boolean(row.chain.team && this.#teams.includes(row.chain.team)));
      default:
        return isOpen(row);
    }
  }

  #me = "";
  #teams: string[] = [];

  as(login: string, teams: string[]): this {
    [this.#me, this.#teams] = [login, teams];
    return this;
  }
}

function isOpen(row: Row): boolean {
  return row.chain.state === "open" && !row.chain.snoozed_until && !row.chain.into;
}

function newestFirst(one: Row, other: Row): number {
  return one.chain.last_at < other.chain.last_at ? 1 : one.chain.last_at > other.chain.last_at ? -1 : one.chain.id < other.chain.id ? 1 : -1;
}

async function rowsOf(ids: string[]): Promise<Row[]> {
  const wanted = [...new Set(ids)];
  const rows = await Promise.all(
    wanted.map((id) =>
      hub.GET("/api/v1/inbox/{id}", { params: { path: { id } } }).then(given).catch(() => null),
    ),
  );
  return rows.filter((row) => row !== null && !row.chain.into) as Row[];
}

type Change = { state?: "open" | "closed"; owner?: string; snooze_until?: string; add_tags?: string[]; remove_tags?: string[]; team?: string; subject?: string; private?: boolean };

/** Changes one chain; says why where it may not be. */
export async function change(id: string, body: Change): Promise<Chain | null> {
  try {
    return given(await hub.PATCH("/api/v1/chains/{id}", { params: { path: { id } }, body }));
  } catch (error) {
    toasts.show(reasonOf(error), { kind: "bad" });
    return null;
  }
}

/** Changes many in one request, with one way back. */
export async function changeMany(ids: string[], body: Change, done: string): Promise<void> {
  try {
    const job = given(await hub.POST("/api/v1/chains/changes", { body: { ids, ...body } }));
    const back = async () => {
      try {
        await hub.POST("/api/v1/jobs/{id}/revert", { params: { path: { id: job.id } } });
      } catch (error) {
        toasts.show(reasonOf(error), { kind: "bad" });
      }
    };
    toasts.show(done, { action: { title: say.t.undo, run: () => void back() }, life: 12_000 });
  } catch (error) {
    toasts.show(reasonOf(error), { kind: "bad" });
  }
}
