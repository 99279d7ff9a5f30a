/** Plans, events, forms and files of a marketer: what is shown is what the hub has, and its refusals stand at their fields. */

import { connect } from "node:net";

import { HUB, ask, assert, axe, behaviour, employee, expect, operator, run, until } from "./stage.mjs";

const unique = `${Date.now()}`;
const today = new Date().toISOString().slice(0, 10);
const at = (page, label) => page.locator("dialog").getByLabel(label, { exact: true });
const wrongAt = (page, name) => page.locator(`[data-error="${name}"]`);
const campaign = await ask("POST", "/sources", { channel: "реклама", source: `Плакаты ${unique}`, campaign: "Весна" });

async function clean(page, what = "main, dialog[open]") {
  await page.evaluate(axe);
  const found = await page.evaluate(async (part) => (await window.axe.run({ include: [...document.querySelectorAll(part)] }, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"], resultTypes: ["violations"], iframes: false })).violations.map((each) => `${each.id}: ${each.nodes[0].html.slice(0, 160)}`), what);
  assert.deepEqual(found, []);
}

async function picture(page, name) {
  if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/${name}.png`, fullPage: true });
}

/** All that lies in the mailbox of somebody of the cast, as it was sent; asked for by IMAP. */
async function mails() {
  const [host, port] = process.env.IMAP.split(":");
  const socket = connect(Number(port), host);
  socket.write(`a LOGIN ${process.env.MAIL_USER} ${process.env.MAIL_PASSWORD}\r\nb SELECT INBOX\r\nc FETCH 1:* (BODY.PEEK[])\r\nd LOGOUT\r\n`);
  let all = "";
  for await (const piece of socket) all += piece;
  return all.replace(/=\r\n/g, "").replaceAll("=3D", "=");
}

behaviour("a plan is written, refused at its field with all that was typed, and compared with what came of it and who is behind", async () => {
  const { page } = await operator("admin", { path: "/money/plans" });
  expect(/422/);
  await page.getByRole("button", { name: "New plan" }).click();
  await at(page, "Name").fill(`План ${unique}`);
  await at(page, "Campaign").selectOption({ label: `реклама › Плакаты ${unique} › Весна` });
  await at(page, "Budget").fill("-5");
  await at(page, "Deals").fill("2");
  await at(page, "Revenue").fill("1000");
  await page.locator("dialog").getByRole("button", { name: "Save" }).click();
  await wrongAt(page, "budget.value").waitFor();
  assert.equal(await at(page, "Name").inputValue(), `План ${unique}`);
  assert.equal(await at(page, "Budget").evaluate((field) => field === document.activeElement && field.getAttribute("aria-invalid")), "true");
  await clean(page);
  await picture(page, "plan-form");
  await at(page, "Budget").fill("3000.50");
  await page.locator("dialog").getByRole("button", { name: "Add a part" }).click();
  await at(page, "Part 1").selectOption({ label: `Source: реклама › Плакаты ${unique} › Весна` });
  await page.locator("dialog").getByRole("button", { name: "Save" }).click();
  await page.waitForURL(/money\/plans\/plan_/);
  const id = page.url().split("/").pop();
  const client = await ask("POST", "/clients", { name: `Покупатель ${unique}`, addresses: [{ address: `p${unique}@example.com` }] });
  await ask("POST", "/touches", { whose: client.id, kind: "hand", source: campaign.id });
  await ask("POST", "/payments", { items: [{ whose: client.id, at: new Date(Date.now() + 1_000).toISOString(), amount: { value: "500.00", currency: "RUB" } }] });
  const compared = () => ask("GET", `/campaign-plans/${id}`);
  await until(async () => Number((await compared()).total.models[0].revenue) === 500, "the hub has counted it");
  await page.reload();
  await page.getByRole("row", { name: /Revenue.*1,000.*500.*50 %/ }).waitFor();
  assert.match(await page.locator(".sums").innerText(), /3,000\.50/);
  await page.getByRole("button", { name: /What is behind it: Revenue/ }).click();
  await page.getByRole("dialog").getByRole("link", { name: "Client" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Change", exact: true }).click();
  await at(page, "Budget").fill("4000");
  await page.locator("dialog").getByRole("button", { name: "Save" }).click();
  await page.getByText(/What was changed/).click();
  await page.locator("details").getByText(/3,000\.5/).waitFor();
  await clean(page);
  await picture(page, "plan");
  const { plan } = await compared();
  assert.deepEqual([Number(plan.budget.value), plan.goals.deals, plan.parts], [4_000, 2, [{ kind: "source", id: campaign.id }]]);
});

behaviour("who may not plan sees plans and events and no way to change them, no file to import, and checks guests in", async () => {
  const login = await employee("reader", "operator");
  const { page } = await operator(login, { path: "/money/plans" });
  await page.getByText("What a campaign shall cost").waitFor();
  assert.equal(await page.getByRole("button", { name: "New plan" }).count(), 0);
  assert.equal(await page.getByRole("link", { name: "Import" }).count(), 0);
  const fair = await ask("POST", "/marketing-events", { title: "Для всех", starts: "2027-03-12T19:00:00", source: campaign.id });
  await page.goto(`${HUB}/mailings/events/${fair.id}`);
  await page.getByLabel("Code of a guest").waitFor();
  assert.equal(await page.getByRole("button", { name: "Invite", exact: true }).count(), 0);
});

behaviour("costs are taken from a table: columns, a try that adds nothing, the rows that were refused as a file", async () => {
  const { page } = await operator("admin", { path: "/money/import" });
  const file = { name: "costs.csv", mimeType: "text/csv", buffer: Buffer.from(`Канал;Источник;Дата;Итого потрачено\nреклама;Радио ${unique};${today};1 ${unique.slice(-3)},50\nреклама;Радио ${unique};вчера;7\n`) };
  await page.getByLabel("Import", { exact: true }).setInputFiles(file);
  await page.getByLabel("Итого потрачено").selectOption({ label: "Amount" });
  assert.equal(await page.getByLabel("Источник").locator("option:checked").innerText(), "Source");
  const spent = async () => (await ask("GET", "/costs?limit=500")).items.filter((each) => Number(each.amount.value) === Number(`1${unique.slice(-3)}.5`)).length;
  expect(/422/);
  await page.getByLabel("Currency where none is named").fill("руб");
  await page.getByRole("button", { name: "Try, change nothing" }).click();
  await wrongAt(page, "currency").waitFor();
  await page.getByLabel("Currency where none is named").fill("RUB");
  await page.getByRole("button", { name: "Try, change nothing" }).click();
  await page.getByText(/Rows: .*added 1/).waitFor();
  assert.equal(await spent(), 0);
  await clean(page);
  // The answer is lost on its way: what is sent again is the same.
  const keys = [];
  await page.route("**/api/v1/money-imports", async (route) => {
    keys.push(route.request().headers()["idempotency-key"]);
    if (keys.length > 1) return route.continue();
    await route.fetch();
    await route.abort();
  });
  expect(/ERR_FAILED/);
  await page.locator("form").getByRole("button", { name: "Import", exact: true }).click();
  await page.getByRole("alert").waitFor();
  await page.locator("form").getByRole("button", { name: "Import", exact: true }).click();
  await until(async () => (await spent()) === 1, "the cost is there");
  assert.deepEqual([keys.length, new Set(keys).size, Boolean(keys[0])], [2, 1, true]);
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: /refused rows/ }).click()]);
  const chunks = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk);
  assert.match(Buffer.concat(chunks).toString("utf8"), /вчера/);
  await picture(page, "money-import");
});

behaviour("clients are taken from a table by the same screen, and refused rows come back with their reasons", async () => {
  const { page } = await operator("admin", { path: "/clients/import" });
  const file = { name: "clients.csv", mimeType: "text/csv", buffer: Buffer.from(`Имя;Почта;ИНН\nТаблица ${unique};t${unique}@example.com;\nНеверный;;123\n`) };
  await page.getByLabel("Import", { exact: true }).setInputFiles(file);
  await page.locator("form").getByRole("button", { name: "Import", exact: true }).click();
  await page.getByText(/Rows: .*made 1/).waitFor();
  await page.getByRole("link", { name: /refused rows/ }).waitFor();
  await page.getByRole("button", { name: "Undo" }).waitFor();
});

behaviour("an event is made, its guests are invited, take the seats and wait, and come in by their code", async () => {
  const { page } = await operator("admin", { path: "/mailings/events" });
  expect(/4(04|22)/);
  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "New event" }).click();
  await at(page, "Name").fill(`Кухни ${unique}`);
  await at(page, "Begins").fill("2027-03-12T19:00");
  await at(page, "In the time zone").fill("Mars/Base");
  await at(page, "Seats").fill("1");
  await at(page, "Source").selectOption({ label: `реклама › Плакаты ${unique}` });
  await dialog.getByRole("button", { name: "Save" }).click();
  await wrongAt(page, "time_zone").waitFor();
  assert.equal(await at(page, "Name").inputValue(), `Кухни ${unique}`);
  await at(page, "In the time zone").fill("Asia/Novosibirsk");
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.waitForURL(/mailings\/events\/mev_/);
  const id = page.url().split("/").pop();
  assert.match((await ask("GET", `/marketing-events/${id}`)).starts_at, /^2027-03-12T12:00:00/);
  const topic = `e${unique}`;
  await ask("POST", "/topics", { id: topic, title: { ru: "Встречи", en: "Meetings" }, requires: "not_withdrawn", basis: "b" });
  const body = { subject: "Приходите", html: `<p>${unique} {{ data.event_url }}</p><a href="{{ unsubscribe_url }}">x</a>` };
  await ask("POST", "/templates", { name: `Зовём ${unique}`, channel: "email", bodies: { ru: body, en: body } });
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  await at(page, "Addresses, one on each line").fill(`${process.env.MAIL_USER}\nnobody`);
  await at(page, "Template").selectOption({ label: `Зовём ${unique}` });
  await at(page, "From account").selectOption({ index: 1 });
  await at(page, "Topic").selectOption({ label: "Meetings" });
  await dialog.getByRole("button", { name: "Invite" }).click();
  await wrongAt(page, "addresses").waitFor();
  assert.match(await wrongAt(page, "addresses").innerText(), /^2:/);
  await clean(page);
  await picture(page, "event-invite");
  await at(page, "Addresses, one on each line").fill(`${process.env.MAIL_USER}\nb${unique}@example.com`);
  await dialog.getByRole("button", { name: "Invite" }).click();
  await page.getByText("2 people are on the list").waitFor();
  await page.getByRole("button", { name: "Refresh" }).click();
  await page.getByRole("button", { name: new RegExp(`^Confirms: (?!b${unique})`) }).click();
  await page.getByRole("row", { name: /Confirmed/ }).waitFor();
  await page.getByRole("button", { name: new RegExp(`^Confirms: b${unique}`) }).click();
  await page.getByRole("row", { name: new RegExp(`b${unique}.*Waiting list`) }).waitFor();
  await page.getByRole("button", { name: /^Waiting list 1/ }).click();
  await page.getByRole("row", { name: /Confirmed/ }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "All", exact: true }).click();
  await page.getByLabel("Code of a guest").fill("ZZZZZZZZ");
  await page.getByRole("button", { name: "Check in", exact: true }).click();
  await page.getByRole("alert").getByText(/no guest of this event has this code/).waitFor();
  const link = await until(async () => new RegExp(`${unique} (http\\S+/m/e/[^\\s"<]+)`).exec(await mails())?.[1], "the letter is in his mailbox");
  const code = /: ([0-9A-Z]{8})</.exec(await (await fetch(link)).text())[1];
  await page.getByLabel("Code of a guest").fill(code);
  await page.keyboard.press("Enter");
  await page.getByText(/is here\./).waitFor();
  await page.getByRole("row", { name: /Came/ }).waitFor();
  await clean(page);
  await picture(page, "event");
  await page.getByRole("button", { name: "Change", exact: true }).click();
  assert.equal(await at(page, "Begins").inputValue(), "2027-03-12T19:00");
});

behaviour("an event that is moved in the page keeps what its guests are told by", async () => {
  const account = (await ask("GET", "/mailboxes")).items[0].id;
  const moved = await ask("POST", "/templates", { name: `Другое место ${unique}`, channel: "email", bodies: { ru: { subject: "Мы переехали", text: "{{ data.place }}" } } });
  const form = { title: `Переезд ${unique}`, starts: "2027-03-12T19:00:00", place: "Тверская, 1", source: campaign.id };
  const { id } = await ask("POST", "/marketing-events", { ...form, notices: { moved: moved.id, account } });
  const { page } = await operator("admin", { path: `/mailings/events/${id}` });
  await page.getByRole("button", { name: "Change", exact: true }).click();
  await at(page, "Where").fill("Арбат, 2");
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  const after = await ask("GET", `/marketing-events/${id}`);
  assert.deepEqual([after.place, after.notices.moved, after.notices.account], ["Арбат, 2", moved.id, account]);
});

behaviour("a form for pages is written beside its preview, refused at its field, and shown as visitors see it", async () => {
  const { page, context } = await operator("admin", { path: "/mailings/forms" });
  expect(/422/);
  const field = (label) => page.getByLabel(label, { exact: true });
  await page.getByRole("link", { name: "New form" }).click();
  await field("Name, for colleagues").fill(`Замер ${unique}`);
  await field("Title, ru").fill("Закажите замер");
  await page.locator(".visitor").getByText("Закажите замер").waitFor();
  await page.getByRole("button", { name: "Add a field" }).click();
  await field("Name of the field").nth(2).fill("Dach");
  await field("Label, ru").nth(2).fill("Крыша");
  await field("Source").selectOption({ label: `реклама › Плакаты ${unique}` });
  await field("Sites that may show it").fill("https://shop.example\nno site");
  await page.getByRole("button", { name: "Save" }).click();
  await wrongAt(page, "fields.2.name").waitFor();
  assert.match(await wrongAt(page, "origins").innerText(), /^2:/);
  assert.equal(await field("Title, ru").inputValue(), "Закажите замер");
  await field("Sites that may show it").fill("https://shop.example");
  await field("Name of the field").nth(2).fill("roof");
  await clean(page);
  await picture(page, "form");
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForURL(/mailings\/forms\/lf_/);
  const made = await ask("GET", `/lead-forms/${page.url().split("/").pop()}`);
  assert.deepEqual(made.fields.map((each) => [each.name, each.label.ru, each.required]), [["name", "Имя", false], ["phone", "Телефон", true], ["roof", "Крыша", false]]);
  assert.equal(await page.getByLabel("For your page").inputValue(), made.snippet);
  await field("Name of the field").nth(0).fill("");
  await page.getByRole("button", { name: "Save" }).click();
  await until(async () => (await ask("GET", `/lead-forms/${made.id}`)).fields.length === 2, "the field is left out");
  const [visitors] = await Promise.all([context.waitForEvent("page"), page.getByRole("link", { name: "As visitors see it (ru)" }).click()]);
  await visitors.getByRole("heading", { name: "Закажите замер" }).waitFor();
});

behaviour("a domain is warmed up by a plan, with how far it is, and ended", async () => {
  const { page } = await operator("admin", { path: "/mailings/warm-ups" });
  expect(/422/);
  await page.getByRole("button", { name: "New plan" }).click();
  await at(page, "Domain").fill(`n${unique}.example.com`);
  await at(page, "Messages by day").fill("50, viele");
  await at(page, "gmail").fill("5, 10");
  await page.locator("dialog").getByRole("button", { name: "Save" }).click();
  await wrongAt(page, "caps").waitFor();
  assert.equal(await at(page, "Domain").inputValue(), `n${unique}.example.com`);
  await at(page, "Messages by day").fill("50, 100, 200");
  await clean(page);
  await page.locator("dialog").getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: `Today: n${unique}.example.com` }).click();
  await page.getByText("Day 1 of 3: 50").last().waitFor();
  await page.locator("dialog").getByRole("row", { name: /gmail 0 5/ }).waitFor();
  await picture(page, "warm-up");
  await page.keyboard.press("Escape");
  const kept = async () => (await ask("GET", "/warm-ups?limit=200")).items.find((each) => each.of === `n${unique}.example.com`);
  assert.deepEqual([(await kept()).caps, (await kept()).providers], [[50, 100, 200], { gmail: [5, 10] }]);
  await page.getByRole("button", { name: `Change n${unique}.example.com` }).click();
  await at(page, "gmail").fill("");
  await page.locator("dialog").getByRole("button", { name: "Save" }).click();
  await until(async () => !Object.keys((await kept()).providers).length, "it is changed");
  await page.getByRole("button", { name: `End n${unique}.example.com` }).click();
  await page.locator("dialog").getByRole("button", { name: "End" }).click();
  await until(async () => !(await kept()), "it is ended");
});

await run();
