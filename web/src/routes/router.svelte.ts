/** Where the person is: the address bar is the state, so that Back and links work. */

class Router {
  path = $state(location.pathname);
  query = $state(location.search);

  constructor() {
    window.addEventListener("popstate", () => this.#look());
  }

  get words(): string[] {
    return this.path.split("/").filter(Boolean);
  }

  get screen(): string {
    return this.words[0] ?? "inbox";
  }

  /** `quietly` replaces the present address: no step for Back. */
  go(to: string, quietly = false): void {
    if (to === location.pathname + location.search) return;
    if (quietly) history.replaceState(null, "", to);
    else history.pushState(null, "", to);
    this.#look();
  }

  /** For links: plain clicks stay in the page, all others are the browser's. */
  follow = (event: MouseEvent): void => {
    const link = (event.target as Element).closest?.("a");
    if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || link.pathname.startsWith("/api/")) return;
    event.preventDefault();
    this.go(link.pathname + link.search);
  };

  #look(): void {
    this.path = location.pathname;
    this.query = location.search;
  }
}

export const router = new Router();
