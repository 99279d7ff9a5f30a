/** Light, dark, or as the machine is set. */

const KEPT = "omnihub-theme";

class Theme {
  now = $state(localStorage.getItem(KEPT) ?? "");

  constructor() {
    this.#put();
  }

  /** From the one that is seen to the other. */
  next(): void {
    const dark = this.now ? this.now === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    this.set(dark ? "light" : "dark");
  }

  set(theme: string): void {
    this.now = theme;
    if (theme) localStorage.setItem(KEPT, theme);
    else localStorage.removeItem(KEPT);
    this.#put();
  }

  #put(): void {
    if (this.now) document.documentElement.dataset["theme"] = this.now;
    else delete document.documentElement.dataset["theme"];
  }
}

export const theme = new Theme();
