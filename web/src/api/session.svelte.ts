/** Who is logged in. The cookie is the session; no script sees it. */

import { given, hub, inSandbox, Refused, type Employee, type Me, type Right, type Team } from "./hub";
import { live } from "./live.svelte";

class Session {
  /** `bare`: his role takes a second factor, and he has none yet; the hub lets him set one up and nothing else. */
  state = $state<"unknown" | "out" | "bare" | "in" | "ended">("unknown");
  me = $state<Me | null>(null);
  employees = $state<Employee[]>([]);
  /** Whom one mentions, asks, or hands something over to. */
  others = $state.raw<readonly { login: string; name: string; absent: boolean }[]>([]);
  teams = $state<Team[]>([]);
  sandbox = $state(false);

  get login(): string {
    return this.me?.employee.login ?? "";
  }

  /** Those whom work can be given to. */
  get colleagues(): { login: string; name: string; absent: boolean }[] {
    const known = this.employees.length > 1 ? this.employees.filter((one) => one.active) : this.others;
    return known.map(({ login, name, absent }) => ({ login, name: name || login, absent }));
  }

  /** For a field: login and name of oneself, those whom work can be given to, and those who have some of it. */
  people(...also: (string | null | undefined)[]): [string, string][] {
    const known = new Map(this.colleagues.map((one) => [one.login, one.name]));
    for (const login of [this.login, ...also]) if (login && !known.has(login)) known.set(login, this.nameOf(login));
    return [...known];
  }

  can(right: Right): boolean {
    return this.me?.rights.includes(right) ?? false;
  }

  nameOf(login: string | null | undefined): string {
    if (!login) return "";
    return [...this.employees, ...this.others].find((each) => each.login === login)?.name || login;
  }

  teamOf(id: string | null | undefined): string {
    return this.teams.find((each) => each.id === id)?.name ?? "";
  }

  /** Looks whether the cookie is a session; an open page that finds it is not keeps what was typed. */
  async look(): Promise<void> {
    try {
      const me = given(await hub.GET("/api/v1/me"));
      if (this.me && me.employee.login !== this.me.employee.login) location.reload();
      this.me = me;
      if (me.lacks_factor) this.state = "bare";
      else if (this.state !== "in") await this.#begin();
    } catch (error) {
      if (error instanceof Refused && error.problem.status === 401) this.over();
      else if (this.state === "unknown") setTimeout(() => this.look(), 1_500);
    }
  }

  async logIn(login: string, password: string, code: string): Promise<void> {
    await hub.POST("/api/v1/sessions/browser", { body: { login, password, code: code || null } });
    await this.look();
  }

  async logOut(): Promise<void> {
    await import("./push").then((push) => push.remove()).catch(() => undefined);
    await hub.DELETE("/api/v1/sessions/current");
    location.assign("/");
  }

  /** The session is over; whoever was in logs in again over his page. */
  over(): void {
    this.state = this.me ? "ended" : "out";
    live.stop();
  }

  async #begin(): Promise<void> {
    this.state = "in";
    live.start(() => void this.look());
    void inSandbox().then((found) => (this.sandbox = found)).catch(() => undefined);
    const [employees, teams, others] = await Promise.all([
      this.can("read_employees") ? hub.GET("/api/v1/employees", { params: { query: { limit: 500 } } }).then(given) : null,
      this.can("read_teams") ? hub.GET("/api/v1/teams").then(given) : null,
      this.can("read_teams") && !this.can("read_employees") ? hub.GET("/api/v1/colleagues", { params: { query: { limit: 500 } } }).then(given) : null,
    ]);
    this.others = others?.items ?? [];
    this.employees = employees?.items ?? (this.me ? [this.me.employee] : []);
    this.teams = teams?.items ?? [];
  }
}

export const session = new Session();

/** Any answer that says that nobody is logged in ends the session, wherever it was asked. */
hub.use({
  onResponse({ response }) {
    if (response.status === 401) session.over();
    return undefined;
  },
});
