/** Pictures of every screen, in both languages and themes and on a phone. */

import { mkdirSync } from "node:fs";

import { ask, behaviour, box, operator, run, until } from "./stage.mjs";

const rows = await until(async () => { const found = (await ask("GET", "/inbox?limit=50")).items; return found.length > 5 && found; }, "the cast has written");
const of = (name) => rows.find((each) => each.client_name.startsWith(name)) ?? rows[0];
const [anna, petr] = [of("Анна"), of("Пётр")];
await ask("PATCH", `/chains/${anna.chain.id}`, { owner: "admin", add_tags: ["доставка"] });
await ask("POST", "/tasks", { title: "Уточнить адрес доставки", assignee: "admin", priority: "high", chain_id: anna.chain.id, due_within: 60 });
const today = new Date(new Date().setHours(11, 0, 0, 0));
for (const [hours, subject] of [[0, "Замер витрины"], [0.5, "Звонок поставщику"], [3, "Выбор упаковки"]]) await ask("POST", "/interactions", { type: "meeting", subject, client_id: anna.client_id, plan: { at: new Date(today.getTime() + hours * 3_600_000).toISOString(), minutes: 60, place: "Салон на Тверской" } });
await ask("POST", "/deals", { title: "Букет на юбилей", chain_id: anna.chain.id, amount: { value: "4500.00", currency: "RUB" } });
await ask("POST", "/topics", { id: "news", title: { ru: "Новости", en: "News" } }).catch(() => undefined);
await ask("POST", "/templates", { name: "Весна", channel: "email", bodies: { ru: { subject: "{{ first_name | default('Здравствуйте') }}, весна!", html: '<h1 style="color:#2b50cc">Весна</h1><p>Ромашки уже здесь.</p><p><a href="{{ unsubscribe_url }}">Отписаться</a></p>' } } }).catch(() => undefined);

const template = (await ask("GET", "/templates?limit=50")).items.find((each) => each.name === "Весна");
const account = (await ask("GET", "/mailboxes")).items[0].id;
const message = { channel: "email", template: template.id, account };
const series = await ask("POST", "/sequences", { name: "Знакомство", topic: "news", steps: [{ wait: "P1D", message }, { wait: "P3D", message }] });
await ask("POST", `/sequences/${series.id}/start`);
await ask("POST", `/sequences/${series.id}/entries`, { clients: rows.map((each) => each.client_id) });
const sums = { [anna.client_id]: ["4500.00", "5200.00", "4800.00"], [petr.client_id]: ["900.00"] };
for (const [whose, paid] of Object.entries(sums)) await ask("POST", "/payments", { items: paid.map((value, index) => ({ whose, at: new Date(Date.now() - index * 60 * 86_400_000).toISOString(), amount: { value, currency: "RUB" } })) });
const classes = await ask("POST", "/classifications", { name: "По выручке за год", measure: "revenue", days: 365 });
await until(async () => {
  const run = await ask("POST", `/classifications/${classes.id}/runs`, {});
  return until(async () => (await ask("GET", `/classifications/${classes.id}/runs`)).items.find((each) => each.id === run.id && each.state === "done")?.clients, "it is counted").then((count) => count >= 2);
}, "the payments are counted");

const spring = await ask("POST", "/sources", { channel: "реклама", source: "Яндекс", campaign: "Весна" });
await ask("POST", "/touches", { whose: anna.client_id, kind: "hand", source: spring.id });
await ask("POST", "/costs", { items: [{ source: spring.id, kind: "fact", since: "2026-01-01", until: "2026-12-31", amount: { value: "180000.00", currency: "RUB" } }] });
const plan = await ask("POST", "/campaign-plans", { name: "Весна", source: spring.id, since: "2026-01-01", until: "2026-12-31", budget: { value: "300000.00", currency: "RUB" }, goals: { leads: 120, deals: 30, revenue: { value: "900000.00", currency: "RUB" } }, parts: [{ kind: "source", id: spring.id }] });
const fair = await ask("POST", "/marketing-events", { title: "Школа флористов", starts: "2027-03-12T19:00:00", place: "Тверская, 1", seats: 40, source: spring.id });
await ask("POST", `/marketing-events/${fair.id}/invitations`, { clients: rows.map((each) => each.client_id) });
const form = await ask("POST", "/lead-forms", { name: "Заявка на букет", title: { ru: "Закажите букет" }, fields: [{ name: "name", label: { ru: "Имя" } }, { name: "phone", label: { ru: "Телефон" }, required: true }], origins: ["https://romashka.example"], source: spring.id });
await ask("POST", "/warm-ups", { of: "news.romashka.example", caps: [50, 100, 200, 400], providers: { gmail: [10, 20] } });
const SCREENS = [["inbox", "/inbox"], ["chain", `/inbox/${anna.chain.id}`], ["chain-telegram", `/inbox/${petr.chain.id}`], ["clients", "/clients"], ["client", `/clients/${anna.client_id}`], ["import", "/clients/import"], ["tasks", "/tasks"], ["calendar", "/calendar"], ["calls", "/calls"], ["call-lists", "/calls/lists"], ["board", "/calls/board"], ["mailings", "/mailings"], ["templates", "/mailings/templates"], ["segments", "/mailings/segments"], ["series", `/mailings/sequences/${series.id}`], ["classes", `/mailings/classes/${classes.id}`], ["events", `/mailings/events/${fair.id}`], ["form", `/mailings/forms/${form.id}`], ["warm-ups", "/mailings/warm-ups"], ["money", "/money"], ["sources", "/money/sources"], ["plan", `/money/plans/${plan.id}`], ["money-import", "/money/import"], ...["me", "channels", "employees", "sources", "audit"].map((part) => [`settings-${part}`, `/settings/${part}`])];
mkdirSync(process.env.TARGET, { recursive: true });

for (const language of ["ru", "en"]) {
  for (const [theme, width] of [["light", 1360], ["dark", 1360], ["light", 390]]) {
    behaviour(`${language} ${theme} ${width}`, async () => {
      const { page } = await operator("admin", { language, theme, width, height: width < 600 ? 780 : 820 });
      for (const [name, path] of SCREENS) {
        await page.goto(`${process.env.HUB}${path}`);
        await page.waitForLoadState("networkidle", { timeout: 1_500 }).catch(() => undefined);
        if (name === "chain" && width > 600) await box(page).fill(language === "ru" ? "Анна, здравствуйте! Букет приедет в субботу к десяти." : "Dear Anna, the flowers arrive on Saturday at ten.");
        await page.screenshot({ path: `${process.env.TARGET}/${name}-${language}-${theme}${width < 600 ? "-phone" : ""}.png` });
      }
    });
  }
}
await run();
