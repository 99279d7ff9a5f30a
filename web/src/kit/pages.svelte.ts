/** A list of the hub that is read page by page. */

import { reasonOf } from "../api/hub";

interface Page<T> {
  items: T[];
  next?: string | null;
}

export class Pages<T> {
  items = $state.raw<T[]>([]);
  loading = $state(false);
  loaded = $state(false);
  problem = $state("");
  next: string | null = $state(null);
  #read: (after?: string) => Promise<Page<T>>;
  #turn = 0;

  constructor(read: (after?: string) => Promise<Page<T>>) {
    this.#read = read;
  }

  /** From the beginning; what was there stays until the new is. */
  async reload(): Promise<void> {
    const turn = ++this.#turn;
    this.loading = true;
    try {
      const page = await this.#read();
      if (turn !== this.#turn) return;
      [this.items, this.next, this.problem] = [page.items, page.next ?? null, ""];
      this.loaded = true;
    } catch (error) {
      if (turn === this.#turn) this.problem = reasonOf(error);
    } finally {
      if (turn === this.#turn) this.loading = false;
    }
  }

  async more(): Promise<void> {
    if (!this.next || this.loading) return;
    const turn = this.#turn;
    this.loading = true;
    try {
      const page = await this.#read(this.next);
      if (turn !== this.#turn) return;
      [this.items, this.next] = [[...this.items, ...page.items], page.next ?? null];
    } catch (error) {
      this.problem = reasonOf(error);
    } finally {
      if (turn === this.#turn) this.loading = false;
    }
  }
}
