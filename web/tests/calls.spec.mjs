/** Call lists: whoever is phoned comes with his script, what he answers is kept, and the board counts whoever is there. */

import { ask, assert, behaviour, operator, run, until } from "./stage.mjs";

const ZONES = ["Europe/Moscow", "Asia/Vladivostok", "America/New_York", "Pacific/Honolulu"];
/** Where people may be called now. */
const zone = ZONES.find((each) => { const hour = Number(new Intl.DateTimeFormat("en", { hour: "numeric", hourCycle: "h23", timeZone: each }).format(new Date())); return hour >= 10 && hour < 20; }) ?? ZONES[0];
const ALWAYS = { since: "00:00", until: "24:00", weekend_since: "00:00", weekend_until: "24:00", sun: true, holidays: "" };
const SCRIPT = {
  name: "Ремонт",
  start: "hello",
  steps: [
    { id: "hello", says: "Планируете ремонт?", asks: { kind: "choice", choices: [{ value: "yes", title: "Да", goto: "size" }, { value: "no", title: "Нет", goto: "bye" }] } },
    { id: "size", says: "Сколько метров?", asks: { kind: "number", least: 1 }, goto: "sold" },
    { id: "sold", ends: "sale" },
    { id: "bye", says: "Спасибо!", ends: "not_interested" },
  ],
};

/** A running list of one person. */
async function list(name, number) {
  const mark = `spec${Date.now()}`;
  const client = await ask("POST", "/clients", { name, addresses: [{ address: number }] });
  await ask("PATCH", `/clients/${client.id}`, { time_zone: zone, custom: { spec: mark } });
  const segment = await ask("POST", "/segments", { name: mark, include: { field: "custom.spec", value: mark } });
  await until(async () => (await ask("GET", `/segments/${segment.id}/count`)).count === 1, "the segment knows him");
  const script = await ask("POST", "/scripts", SCRIPT);
  const made = await ask("POST", "/call-lists", { name: `Обзвон ${mark}`, segment: segment.id, hours: ALWAYS, script: script.id });
  await until(async () => (await ask("GET", `/call-lists/${made.id}`)).loaded_at, "the list is loaded");
  await ask("POST", `/call-lists/${made.id}/start`);
  return { ...made, client: client.id };
}

behaviour("somebody of a list comes with his script; his answers are kept when the page is gone, and the outcome ends it", async () => {
  const made = await list("Мария Обзвонова", "+79167770011");
  const { page, context } = await operator("admin", { path: "/calls/lists" });
  await page.getByRole("row", { name: new RegExp(made.name) }).getByRole("button", { name: "Next" }).click();
  await page.getByText("Планируете ремонт?").waitFor();
  await page.getByRole("button", { name: "Да" }).click();
  await page.getByText("Сколько метров?").waitFor();
  await page.close();
  const again = await context.newPage();
  await again.goto(`${process.env.HUB}/calls/lists`);
  await again.getByText("Сколько метров?").waitFor();
  await again.getByRole("button", { name: "Call", exact: true }).click();
  await until(async () => (await ask("GET", "/call-entries/mine")).items[0]?.attempt?.interaction, "he is being called");
  await again.getByLabel("Сколько метров?").fill("42");
  await again.getByRole("button", { name: "Go on" }).click();
  await again.getByText("hello: yes · size: 42").waitFor();
  await again.getByRole("button", { name: "Done" }).click();
  await until(async () => !(await ask("GET", "/call-entries/mine")).items.length, "nobody is held any more");
  const answers = await ask("GET", `/call-lists/${made.id}/answers`);
  assert.deepEqual([answers.asked, answers.ended], [1, 1]);
});

behaviour("why a list does not dial is said with counts", async () => {
  const made = await list("Пётр Запретов", "+79167770022");
  await ask("POST", "/do-not-call", { number: "+79167770022", reason: "просил" }).catch(() => undefined);
  const { page } = await operator("admin", { path: "/calls/lists" });
  await page.getByRole("row", { name: new RegExp(made.name) }).getByRole("button", { name: "Why does it not dial?" }).click();
  await page.getByText(/may be phoned now/).waitFor();
});

behaviour("whoever says that he is there is on the board at once, and is away when he says so", async () => {
  const { page } = await operator("admin", { path: "/calls/board" });
  const presence = page.getByLabel("Do you take calls?");
  await presence.selectOption({ label: "Available" });
  await page.getByRole("row", { name: /Available/ }).first().waitFor();
  await presence.selectOption({ label: "Away" });
  await until(async () => (await ask("GET", "/agents/me")).state === "away");
  await ask("PUT", "/agents/me", { state: "available" });
  await until(async () => (await presence.inputValue()) === "available", "what is said elsewhere is shown here");
  await ask("PUT", "/agents/me", { state: "away" });
});

behaviour("what was said in a call is read beside its recording, with how long he waited", async () => {
  const any = (await ask("GET", "/interactions?limit=1")).items[0];
  const recording = { id: "rec_1", kind: "call", state: "ready", seconds: 65, size: 9, reason: "", transcript: "ready", transcript_reason: "" };
  const call = { result: "answered", talk: 65, recordings: [recording], queue: { name: "sales", wait: 40, position: 2, level: 20, within_level: false, abandoned_at: null }, line: null, answered_login: "admin" };
  const { page, context } = await operator("admin", { path: "/tasks" });
  await context.route("**/api/v1/interactions?channel=call*", (route) => route.fulfill({ json: { items: [{ ...any, call }], next: null } }));
  await context.route("**/api/v1/recordings/rec_1/transcript", (route) => route.fulfill({ json: { id: "rec_1", interaction_id: any.id, state: "ready", reason: "", text: "Здравствуйте, где мой заказ?", cut: false } }));
  await page.getByRole("link", { name: "Calls" }).click();
  await page.getByText("sales: waited 0:40").waitFor();
  await page.getByRole("button", { name: "What was said" }).click();
  await page.getByRole("dialog").getByText("Здравствуйте, где мой заказ?").waitFor();
});

await run();
