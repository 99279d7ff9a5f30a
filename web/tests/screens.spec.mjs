/** Every screen, in both languages and themes and on a phone: nothing for axe to find, nothing beyond the edge. */

import { ask, assert, axe, behaviour, chain, operator, run } from "./stage.mjs";

const one = await chain({ subject: "Экран" });
await ask("POST", "/tasks", { title: "Перезвонить", assignee: "admin", priority: "urgent" });
await ask("POST", "/interactions", { type: "meeting", subject: "Замер", client_id: one.client, plan: { at: new Date().toISOString(), minutes: 60 } });
await ask("POST", "/topics", { id: "news", title: { ru: "Новости", en: "News" } }).catch(() => undefined);
const { id: source } = await ask("POST", "/sources", { channel: "реклама", source: "Экраны", campaign: "Осень" });
const plan = await ask("POST", "/campaign-plans", { name: "Осень", source, since: "2026-09-01", until: "2026-11-30", budget: { value: "300000.00", currency: "RUB" }, goals: { leads: 120, romi: "150" }, parts: [{ kind: "source", id: source }] });
const fair = await ask("POST", "/marketing-events", { title: "Новые кухни", starts: "2027-03-12T19:00:00", place: "Тверская, 1", seats: 40, source });
await ask("POST", `/marketing-events/${fair.id}/invitations`, { clients: [one.client] });
const form = await ask("POST", "/lead-forms", { name: "Заявка", title: { ru: "Закажите замер" }, fields: [{ name: "phone", label: { ru: "Телефон" }, required: true }], origins: ["https://shop.example"], source });
await ask("POST", "/warm-ups", { of: "screens.example.com", caps: [50, 100] }).catch(() => undefined);
const PATHS = ["/inbox", `/inbox/${one.id}`, "/clients", `/clients/${one.client}`, "/clients/duplicates", "/clients/import", "/clients/analysis", "/tasks", "/calendar", "/calls", "/calls/lists", "/calls/board", "/mailings", "/mailings/templates", "/mailings/segments", "/mailings/sequences", "/mailings/classes", "/mailings/events", `/mailings/events/${fair.id}`, "/mailings/forms", `/mailings/forms/${form.id}`, "/mailings/warm-ups", "/money", "/money/sources", "/money/plans", `/money/plans/${plan.id}`, "/money/import", ...["me", "notifications", "quick-answers", "channels", "teams", "employees", "tokens", "topics", "sources", "jobs", "dead-letters", "audit"].map((part) => `/settings/${part}`)];

async function go(page, path) {
  await page.evaluate((to) => { history.pushState(null, "", to); window.dispatchEvent(new PopStateEvent("popstate")); }, path);
  await page.waitForFunction((first) => [...document.querySelectorAll(first === "inbox" ? ".inbox" : ".screen")].some((each) => each.getBoundingClientRect().height > 0), path.split("/")[1]);
  await page.waitForLoadState("networkidle").catch(() => undefined);
}

for (const [language, theme] of [["en", "light"], ["ru", "dark"], ["en", "dark"], ["ru", "light"]]) {
  behaviour(`axe finds nothing on any screen in ${language}, ${theme}`, async () => {
    const { page } = await operator("admin", { language, theme });
    await page.evaluate(axe);
    for (const path of PATHS) {
      await go(page, path);
      const found = await page.evaluate(async () => (await window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"], resultTypes: ["violations"], iframes: false })).violations.map((each) => `${each.id}: ${each.nodes.slice(0, 2).map((node) => node.html.slice(0, 160)).join(" | ")}`));
      assert.deepEqual(found, [], `${path} ${language} ${theme}`);
    }
  });
}

behaviour("on a phone nothing is wider than the screen, and a chain is read and left by itself", async () => {
  const { page } = await operator("admin", { width: 390, height: 780, language: "ru" });
  for (const path of PATHS) {
    await go(page, path);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), path);
  }
  await go(page, `/inbox/${one.id}`);
  await page.locator(".composer").waitFor();
  await page.getByRole("button", { name: "К списку" }).click();
  await page.locator(`[data-chain="${one.id}"]`).waitFor();
});

await run();
