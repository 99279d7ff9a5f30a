/** The list of chains: which are shown, where the person is in it, and what happens to it by itself. */

import { given, hub, inOrder, reasonOf, type Chain, type Counts, type Piece, type Row, type SavedView } from "../../api/hub";
import type { paths } from "../../api/schema";
import { live, RESYNC, type Happened } from "../../api/live.svelte";
import { Pages } from "../../kit/pages.svelte";
import { toasts } from "../../kit/toasts.svelte";
import { say } from "../../i18n/say.svelte";

export const VIEWS = ["mine", "unassigned", "team", "all", "mentions", "review", "snoozed", "drafts", "closed"] as const;
export type View = (typeof VIEWS)[number];

const LIMIT = 100;
const SOON = 300;
const AGAIN = 5_000;
/** Between two counts of the saved views, which take more than the queues. */
const SELDOM = 5_000;
/** Rows that are asked for by id at once. */
const MOST = 100;

export class Inbox {
  view = $state<View>("all");
  /** The one that is shown in place of `view`. */
  saved = $state<SavedView | null>(null);
  allSaved = $state.raw<SavedView[]>([]);
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
  #countingSaved = 0;

  start(): () => void {
    void this.pages.reload();
    void this.count();
    void this.countSaved();
    return live.on((event) => this.#hear(event));
  }

  get rows(): Row[] {
    return this.pages.items;
  }

  get at(): number {
    return this.rows.findIndex((row) => row.chain.id === this.chosen);
  }

  /** What is shown, by a name that no other has. */
  get place(): string {
    return this.saved?.id ?? this.view;
  }

  show(view: View, search = "", saved: SavedView | null = null): void {
    if (view === this.view && search === this.search && saved === this.saved) return;
    [this.view, this.search, this.saved, this.picked, this.waiting, this.fragments] = [view, search, saved, new Set(), new Map(), new Map()];
    this.pages.items = [];
    this.pages.loaded = false;
    void this.pages.reload();
  }

  async count(): Promise<void> {
    this.counts = await hub.GET("/api/v1/queues").then(given).catch(() => this.counts);
  }

  async countSaved(): Promise<void> {
    this.allSaved = await hub.GET("/api/v1/saved-views").then((answer) => given(answer).items).catch(() => this.allSaved);
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

  /** Somebody changed it, here or elsewhere. */
  touched(id: string): void {
    this.#news.add(id);
    this.#look();
  }

  #where(): Where {
    return this.saved ? without(this.saved.shows) : whereOf(this.view);
  }

  #set(rows: Row[]): void {
    this.pages.items = rows;
  }

  async #read(after?: string): Promise<{ items: Row[]; next: string | null }> {
    if (this.search.length > 1) return this.#found(after);
    if (ofDrafts(this.place)) return this.#drafts(after);
    return given(await hub.GET("/api/v1/inbox", { params: { query: { ...this.#where(), limit: LIMIT, ...(after ? { after } : {}) } } }));
  }

  async #drafts(after?: string): Promise<{ items: Row[]; next: string | null }> {
    const page = given(await hub.GET("/api/v1/drafts", { params: { query: { review: this.place === "review", limit: 50, ...(after ? { after } : {}) } } }));
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
      void this.#afresh();
      void this.count();
      void this.countSaved();
      return;
    }
    if (event.type === "draft.moved.v1") {
      void this.count();
      if (ofDrafts(this.place)) void this.pages.reload();
      return;
    }
    const id = data.chain?.id ?? data.interaction?.chain_id;
    if (id) this.touched(id);
  }

  #look(): void {
    this.#timer ||= window.setTimeout(() => void this.#fetch(), SOON);
    this.#countingSaved ||= window.setTimeout(() => {
      this.#countingSaved = 0;
      void this.countSaved();
    }, SELDOM);
    this.#counting ||= window.setTimeout(() => {
      this.#counting = 0;
      void this.count();
    }, SOON);
  }

  async #fetch(): Promise<void> {
    const news = [...this.#news];
    this.#timer = 0;
    this.#news.clear();
    if (this.search || ofDrafts(this.place)) return;
    if (news.length > MOST) return this.#afresh();
    await this.#merge(this.place, new Set(news), () => rowsOf(news, this.#where()));
  }

  /** Something may have been missed: all is read again; where somebody points at the list, nothing moves under him. */
  async #afresh(): Promise<void> {
    if (!this.still || this.search || ofDrafts(this.place)) return this.pages.reload();
    const asked = new Set(this.rows.map((row) => row.chain.id));
    await this.#merge(this.place, asked, async () => {
      const page = await this.#read();
      const last = page.next && page.items.at(-1);
      if (last) for (const row of this.rows) if (newestFirst(last, row) < 0) asked.delete(row.chain.id);
      return page.items;
    });
  }

  /** What is read replaces what is shown; of those `asked` about whatever does not come is not in this view any more. */
  async #merge(place: string, asked: ReadonlySet<string>, read: () => Promise<Row[]>): Promise<void> {
    const fresh = await read().catch(() => null);
    if (place !== this.place || this.search) return;
    if (!fresh) return this.#later(asked);
    const found = new Map(fresh.map((row) => [row.chain.id, row]));
    const stays = (id: string) => found.has(id) || !asked.has(id);
    // The chosen one stays where it is until another is chosen, so that nobody loses what he looks at.
    const rows = this.rows.filter((row) => stays(row.chain.id) || row.chain.id === this.chosen).map((row) => found.get(row.chain.id) ?? row);
    const known = new Set(rows.map((row) => row.chain.id));
    const added = fresh.filter((row) => !known.has(row.chain.id));
    const waiting = new Map([...this.waiting].filter(([id]) => stays(id)));
    for (const row of added) waiting.set(row.chain.id, row);
    this.waiting = this.still ? waiting : new Map();
    this.#set(this.still ? rows : [...rows, ...added].sort(newestFirst));
  }

  /** The hub did not answer: what was heard of is not forgotten. */
  #later(ids: ReadonlySet<string>): void {
    for (const id of ids) this.#news.add(id);
    window.setTimeout(() => this.#look(), AGAIN);
  }
}

type Where = NonNullable<paths["/api/v1/inbox"]["get"]["parameters"]["query"]>;

/** What is listed there are drafts, by their chains. */
function ofDrafts(place: string): boolean {
  return place === "drafts" || place === "review";
}

function whereOf(view: View): Where {
  return view === "closed" ? { state: "closed" } : view === "drafts" || view === "review" ? {} : { view };
}

/** Without what is not said. */
function without<T extends object>(said: T): { [Name in keyof T]?: NonNullable<T[Name]> } {
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== null)) as { [Name in keyof T]?: NonNullable<T[Name]> };
}

function newestFirst(one: Row, other: Row): number {
  return one.chain.last_at < other.chain.last_at ? 1 : one.chain.last_at > other.chain.last_at ? -1 : one.chain.id < other.chain.id ? 1 : -1;
}

/** In the order of the ids; without those that are not there, or not in the view. */
async function rowsOf(ids: string[], where: Where = {}): Promise<Row[]> {
  const id = [...new Set(ids)];
  if (!id.length) return [];
  const { items } = given(await hub.GET("/api/v1/inbox", { params: { query: { ...where, id, limit: MOST } } }));
  return inOrder(id, items, (row) => row.chain.id);
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
