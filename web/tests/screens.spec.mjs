/** Every screen, in both languages and themes and on a phone: nothing for axe to find, nothing beyond the edge. */

import { ask, assert, axe, behaviour, chain, operator, run } from "./stage.mjs";

const one = await chain({ subject: "Экран" });
await ask("POST", "/tasks", { title: "Перезвонить", assignee: "admin", priority: "urgent" });
await ask("POST", "/interactions", { type: "meeting", subject: "Замер", client_id: one.client, plan: { at: new Date().toISOString(), minutes: 60 } });
await ask("POST", "/topics", { id: "news", title: { ru: "Новости", en: "News" } }).catch(() => undefined);
const PATHS = ["/inbox", `/inbox/${one.id}`, "/clients", `/clients/${one.client}`, "/clients/duplicates", "/clients/import", "/clients/analysis", "/tasks", "/calendar", "/calls", "/calls/lists", "/calls/board", "/mailings", "/mailings/templates", "/mailings/segments", "/mailings/sequences", "/mailings/classes", "/money", "/money/sources", ...["me", "notifications", "quick-answers", "channels", "teams", "employees", "tokens", "topics", "jobs", "dead-letters", "audit"].map((part) => `/settings/${part}`)];

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
