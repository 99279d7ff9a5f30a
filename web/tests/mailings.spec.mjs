/** Mailings: classes are counted and compared, a series is written and let go; and a hub whose messages reach nobody says so. */

import { ask, assert, behaviour, operator, run, until } from "./stage.mjs";

async function deal(name, amount) {
  const client = await ask("POST", "/clients", { name, addresses: [{ address: `${name.length}x${Date.now()}@example.com` }] });
  await ask("POST", "/payments", { items: [{ whose: client.id, at: new Date().toISOString(), amount: { value: amount, currency: "RUB" } }] });
  return client;
}

behaviour("clients are classed by what they brought, and who moved since the last count is named", async () => {
  await deal("Крупный Покупатель", "90000.00");
  const small = await deal("Малый", "1000.00");
  const { page } = await operator("admin", { path: "/mailings/classes" });
  await page.getByRole("button", { name: "New classification" }).click();
  await page.getByLabel("Name").fill("По выручке");
  await page.getByRole("button", { name: "Save" }).click();
  const count = page.getByRole("button", { name: "Count now" });
  const row = page.getByRole("row", { name: /^C \d/ });
  // The books hear of a payment within a moment.
  await until(async () => { await count.click(); await page.getByText("ABC × XYZ").waitFor(); return /[1-9]/.test(await row.innerText()); }, "the small one is of class C");
  assert.match(await page.getByRole("row", { name: /^A \d/ }).innerText(), /90,000/);
  await ask("POST", "/payments", { items: [{ whose: small.id, at: new Date().toISOString(), amount: { value: "900000.00", currency: "RUB" } }] });
  await until(async () => { await count.click(); return page.getByRole("link", { name: "Малый" }).isVisible(); }, "who moved is named");
});

behaviour("a series is written, started and paused, and says of everybody in it what comes next", async () => {
  const topic = `series${Date.now()}`;
  await ask("POST", "/topics", { id: topic, title: { ru: "Серия", en: "Series" }, requires: "not_withdrawn" });
  const body = { subject: "Привет", html: '<p>Привет!</p><a href="{{ unsubscribe_url }}">x</a>' };
  await ask("POST", "/templates", { name: `Письмо ${topic}`, channel: "email", bodies: { ru: body, en: body } });
  const client = await ask("POST", "/clients", { name: "Новичок Серии", addresses: [{ address: `${topic}@example.com` }] });
  const { page } = await operator("admin", { path: "/mailings/sequences" });
  await page.getByRole("button", { name: "New sequence" }).click();
  const form = page.getByRole("dialog");
  await form.getByRole("textbox", { name: "Name" }).fill(topic);
  await form.getByLabel("Topic").selectOption(topic);
  await form.getByLabel("After days").fill("2");
  await form.getByLabel("Template").selectOption({ label: `Письмо ${topic} · E-mail` });
  await form.getByRole("button", { name: "Save the draft" }).click();
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.getByRole("button", { name: "Pause", exact: true }).waitFor();
  const made = (await ask("GET", "/sequences?limit=50")).items.find((each) => each.name === topic);
  await ask("POST", `/sequences/${made.id}/entries`, { clients: [client.id] });
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  await page.getByRole("row", { name: /Новичок Серии.*Waits.*0 \/ 1/ }).waitFor();
  assert.equal((await ask("GET", `/sequences/${made.id}`)).state, "paused");
});

behaviour("every screen says that messages reach nobody outside, where that is so", async () => {
  const { page, context } = await operator("admin", { path: "/tasks" });
  assert.equal(await page.getByText(/^Sandbox/).count(), 0);
  await context.route("**/healthz", (route) => route.fulfill({ json: { status: "ok", sandbox: true, held: false } }));
  await page.reload();
  await page.getByText(/^Sandbox/).waitFor();
});

await run();
