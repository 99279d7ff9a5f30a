/**
 * What is being written. It is kept in the browser with every key, on the hub a moment later, and nowhere thrown away
 * before the hub has taken the message.
 */

import { given, hub, reasonOf, Refused, type Attachment, type Draft } from "../api/hub";
import { session } from "../api/session.svelte";

export type Kind = "answer" | "note";

const PAUSE = 800;
const AGAIN = 5_000;

interface Kept {
  text: string;
  cc: string;
  bcc: string;
  replyAll: boolean;
  account: string | null;
  attachments: Attachment[];
  version: number;
  key: string;
  seen: string;
  at: string;
  sent: string;
}

export class DraftBox {
  text = $state("");
  cc = $state("");
  bcc = $state("");
  replyAll = $state(false);
  account = $state<string | null>(null);
  attachments = $state<Attachment[]>([]);
  state = $state<"kept" | "keeping" | "unkept">("kept");
  problem = $state("");
  /** What the same person wrote in another place; he chooses. */
  elsewhere = $state<Draft | null>(null);
  /** Since when it is written. */
  begun = $state("");
  sending = $state(false);
  /** Whether the hub has one. */
  there = $state(false);
  /** Where a second person was asked to approve it. */
  approval = $state.raw<Draft["approval"]>(null);
  #version = 0;
  #key = "";
  #seen = "";
  /** What was given to the hub last: a page may end before it hears that the hub has it. */
  #sent = "";
  #changes = 0;
  #timer = 0;
  #busy = false;
  readonly #place: string;

  constructor(
    readonly chain: string,
    readonly kind: Kind,
  ) {
    this.#place = `omnihub-draft:${session.login}:${chain}:${kind}`;
    const kept = localStorage.getItem(this.#place);
    if (kept) this.#take(JSON.parse(kept) as Kept);
  }

  get empty(): boolean {
    return !this.text.trim() && !this.attachments.length;
  }

  /** The same for the same message sent again, after a reload, too: it goes out once. `seen` is the newest message. */
  attempt(seen: string): { key: string; seen: string } {
    if (!this.#key) {
      [this.#key, this.#seen] = [crypto.randomUUID(), seen];
      this.#write();
    }
    return { key: this.#key, seen: this.#seen };
  }

  /** The hub said no: another try is another message. */
  again(): void {
    this.#key = "";
  }

  /** What the hub has; what was typed here and is not there yet wins. */
  fill(draft: Draft | undefined): void {
    this.approval = draft?.approval ?? null;
    if (this.#changes) {
      if (draft && this.#foreign(draft)) this.elsewhere = draft;
      else this.#version = draft?.version ?? 0;
      this.#later(0);
    } else if (draft) this.#adopt(draft);
  }

  /** After anything of it was changed. */
  changed(): void {
    this.begun ||= new Date().toISOString();
    this.#key = "";
    this.#changes++;
    this.state = "unkept";
    this.#write();
    this.#later(PAUSE);
  }

  /** `mine` overwrites what was written elsewhere. */
  settle(mine: boolean): void {
    const other = this.elsewhere;
    this.elsewhere = null;
    if (!other) return;
    this.#version = other.version;
    if (mine) this.#later(0);
    else this.#adopt(other);
  }

  /** It was sent, or thrown away. */
  async clear(): Promise<void> {
    clearTimeout(this.#timer);
    [this.text, this.cc, this.bcc, this.attachments, this.begun, this.problem, this.approval] = ["", "", "", [], "", "", null];
    [this.#key, this.#sent, this.#version, this.#changes, this.state, this.there] = ["", "", 0, 0, "kept", false];
    localStorage.removeItem(this.#place);
    await hub.DELETE("/api/v1/chains/{id}/drafts/{kind}", { params: { path: { id: this.chain, kind: this.kind } } });
  }

  /** Asks these to approve it as it stands; says why where it may not be. */
  async ask(reviewers: string[]): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#changes || !this.#version) await this.#keep();
    const body = { reviewers, version: this.#version };
    this.#adopt(given(await hub.POST("/api/v1/chains/{id}/draft-review", { params: { path: { id: this.chain } }, body })));
  }

  /** Asks nobody any more. */
  async withdraw(): Promise<void> {
    const draft = given(await hub.DELETE("/api/v1/chains/{id}/draft-review", { params: { path: { id: this.chain } } }));
    [this.#version, this.approval] = [draft.version, null];
  }

  /** A message that was taken back returns. */
  restore(text: string, attachments: Attachment[]): void {
    this.text = this.text.trim() ? `${text}\n\n${this.text}` : text;
    this.attachments = [...attachments, ...this.attachments];
    this.changed();
  }

  /** Whether it was written in another place. */
  #foreign(draft: Draft): boolean {
    return draft.version !== this.#version && ![this.text, this.#sent].includes(draft.text);
  }

  #take(kept: Kept): void {
    const { version, key, seen, at, sent, ...rest } = kept;
    Object.assign(this, rest);
    [this.#version, this.#key, this.begun, this.#changes, this.state] = [version, key, at, 1, "unkept"];
    [this.#seen, this.#sent] = [seen, sent ?? ""];
  }

  #adopt(draft: Draft): void {
    [this.text, this.cc, this.bcc] = [draft.text, draft.cc.join(", "), draft.bcc.join(", ")];
    [this.replyAll, this.account, this.attachments, this.approval] = [draft.reply_all, draft.account, draft.attachments, draft.approval];
    [this.#version, this.begun, this.#changes, this.state, this.there] = [draft.version, draft.at, 0, "kept", true];
  }

  #write(): void {
    const { text, cc, bcc, replyAll, account, attachments } = this;
    const kept: Kept = { text, cc, bcc, replyAll, account, attachments, version: this.#version, key: this.#key, seen: this.#seen, at: this.begun, sent: this.#sent };
    localStorage.setItem(this.#place, JSON.stringify(kept));
  }

  #later(pause: number): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.#keep(), pause);
  }

  async #keep(): Promise<void> {
    if (this.elsewhere || this.sending) return;
    if (this.#busy) return this.#later(PAUSE);
    const before = this.#changes;
    [this.#busy, this.state, this.#sent] = [true, "keeping", this.text];
    this.#write();
    try {
      const stored = given(
        await hub.PUT("/api/v1/chains/{id}/drafts/{kind}", {
          params: { path: { id: this.chain, kind: this.kind } },
          body: {
            text: this.text,
            cc: listed(this.cc),
            bcc: listed(this.bcc),
            reply_all: this.replyAll,
            account: this.account,
            attachments: this.attachments.map((each) => each.id),
            version: this.#version,
          },
        }),
      );
      this.#version = stored?.version ?? 0;
      this.there = stored !== null && stored !== undefined;
      this.approval = stored?.approval ?? null;
      if (before === this.#changes) this.#kept();
      else this.#write();
    } catch (error) {
      await this.#refused(error);
    } finally {
      this.#busy = false;
    }
  }

  #kept(): void {
    [this.#changes, this.state, this.problem] = [0, "kept", ""];
    // What was tried to be sent is known by its key until it is known to be.
    if (this.#key) this.#write();
    else localStorage.removeItem(this.#place);
  }

  async #refused(error: unknown): Promise<void> {
    this.state = "unkept";
    if (error instanceof Refused && error.problem.status === 409) {
      const drafts = given(await hub.GET("/api/v1/chains/{id}/drafts", { params: { path: { id: this.chain } } }));
      const other = drafts.items.find((each) => each.login === session.login && each.kind === this.kind);
      if (other && this.#foreign(other)) this.elsewhere = other;
      else {
        this.#version = other?.version ?? 0;
        this.#later(PAUSE);
      }
      return;
    }
    this.problem = reasonOf(error);
    this.#later(AGAIN);
  }
}

export function listed(addresses: string): string[] {
  return addresses.split(/[,;\s]+/).filter(Boolean);
}

const boxes = new Map<string, DraftBox>();

/** The one box of a chain and kind, for as long as the page lives. */
export function boxOf(chain: string, kind: Kind): DraftBox {
  const name = `${session.login}:${chain}:${kind}`;
  const known = boxes.get(name) ?? new DraftBox(chain, kind);
  boxes.set(name, known);
  return known;
}
