/** Mailings: classes are counted and compared, a series is written and let go; and a hub whose messages reach nobody says so. */

import { ask, assert, behaviour, operator, run, until } from "./stage.mjs";

const today = new Date().toISOString().slice(0, 10);
const revenue = async () => (await ask("GET", `/attribution/report?since=${today}&until=${today}&by=source&model=last`)).lines.reduce((sum, line) => sum + Number(line.models[0].revenue), 0);

/** The books hear of a payment within a moment. */
async function pays(client, amount) {
  const before = await revenue();
  await ask("POST", "/payments", { items: [{ whose: client.id, at: new Date().toISOString(), amount: { value: amount, currency: "RUB" } }] });
  await until(async () => (await revenue()) >= before + Number(amount), "the books have the payment");
}

const buyer = (name) => ask("POST", "/clients", { name, addresses: [{ address: `${name.length}x${Date.now()}@example.com` }] });

behaviour("clients are classed by what they brought, and who moved since the last count is named", async () => {
  await pays(await buyer("Крупный Покупатель"), "90000.00");
  const small = await buyer("Малый");
  await pays(small, "1000.00");
  const { page } = await operator("admin", { path: "/mailings/classes" });
  await page.getByRole("button", { name: "New classification" }).click();
  await page.getByLabel("Name").fill("По выручке");
  await page.getByRole("button", { name: "Save" }).click();
  const count = page.getByRole("button", { name: "Count now" });
  await count.click();
  await page.getByRole("row", { name: /^A \d.*90,000/ }).waitFor();
  assert.match(await page.getByRole("row", { name: /^C \d/ }).innerText(), /[1-9]/);
  await pays(small, "900000.00");
  await count.click();
  await page.getByRole("link", { name: "Малый" }).waitFor();
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

behaviour("letters are printed, taken to the post and written into the chains, and one that comes back is known", async () => {
  const topic = `post${Date.now()}`;
  await ask("POST", "/topics", { id: topic, title: { ru: "Письма", en: "Letters" }, requires: "not_withdrawn" });
  await ask("POST", "/templates", { name: `Бумага ${topic}`, channel: "post", bodies: { ru: { subject: "Весна", text: "Здравствуйте!" } } });
  const client = await ask("POST", "/clients", { name: `Бумажный ${topic}`, addresses: [{ address: `${topic}@example.com` }], postal: [{ street: `Ленина ${topic}`, house: "1", city: "Москва", postcode: "101000" }] });
  await ask("POST", "/segments", { name: topic, include: { has: "post" } });
  const { page } = await operator("admin", { path: "/mailings" });
  await page.getByRole("button", { name: "New mailing" }).click();
  const form = page.getByRole("dialog");
  await form.getByRole("textbox", { name: "Name" }).fill(topic);
  await form.getByLabel("Topic").selectOption(topic);
  await form.getByLabel("Segment").selectOption({ label: topic });
  await form.getByLabel("Template").selectOption({ label: `Бумага ${topic} · Post` });
  assert.equal(await form.getByLabel("Account").count(), 0);
  await form.getByRole("button", { name: "Save the draft" }).click();
  await page.getByRole("button", { name: "Launch", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Launch", exact: true }).click();
  await page.getByLabel("From (name and address)").fill("ООО «Ромашка»");
  await page.getByRole("button", { name: "Print what waits" }).click();
  const batch = page.locator("[data-batch]");
  await batch.getByRole("button", { name: "It is posted" }).waitFor();
  const [file] = await Promise.all([page.waitForEvent("download"), batch.getByRole("link", { name: "Letters" }).click()]);
  assert.equal(file.suggestedFilename(), "letters.pdf");
  await batch.getByRole("button", { name: "It is posted" }).click();
  const chains = () => ask("GET", `/interactions?client_id=${client.id}`).then((found) => found.items.filter((each) => each.type === "post"));
  await until(async () => (await chains()).length === 1, "it stands in the chain");
  const path = await batch.getByRole("link", { name: "Addresses" }).getAttribute("href");
  const addresses = await page.evaluate((href) => fetch(href).then((answer) => answer.text()), path);
  await page.getByLabel("Number").fill(/(\d+)[,;]"?Бумажный/.exec(addresses)[1]);
  await page.getByLabel("What the post says").fill("адресат выбыл");
  await page.getByRole("button", { name: "It came back" }).click();
  await page.getByRole("row", { name: /Бумажный.*Came back.*адресат выбыл/ }).waitFor();
});

behaviour("every screen says that messages reach nobody outside, where that is so", async () => {
  const { page, context } = await operator("admin", { path: "/tasks" });
  assert.equal(await page.getByText(/^Sandbox/).count(), 0);
  await context.route("**/healthz", (route) => route.fulfill({ json: { status: "ok", sandbox: true, held: false } }));
  await page.reload();
  await page.getByText(/^Sandbox/).waitFor();
});

await run();
