/** Short news at the edge of the page: what was done, with a way back, or what went wrong. */

export interface Toast {
  id: number;
  words: string;
  kind: "fine" | "bad";
  action?: { title: string; run: () => void };
}

const LIFE = 6_000;

class Toasts {
  all = $state<Toast[]>([]);
  #next = 1;

  /** `life` in milliseconds; returns how to take it away. */
  show(words: string, { kind = "fine", action, life = LIFE }: { kind?: Toast["kind"]; action?: Toast["action"]; life?: number } = {}): () => void {
    const id = this.#next++;
    this.all = [...this.all, { id, words, kind, ...(action ? { action } : {}) }].slice(-4);
    const drop = () => this.drop(id);
    setTimeout(drop, kind === "bad" ? life * 2 : life);
    return drop;
  }

  drop(id: number): void {
    this.all = this.all.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
