/** Accounts are made and changed in the page; what the hub refuses stands at its field, and nothing that was typed is lost. */

import { HUB, ask, assert, axe, behaviour, expect, operator, run, until } from "./stage.mjs";

const mailboxes = async () => (await ask("GET", "/mailboxes")).items;
const wrongAt = (page, name) => page.locator(`[data-error="${name}"]`);
const field = (page, label, nth = 0) => page.locator("dialog").getByLabel(label, { exact: true }).nth(nth);

async function change(page, address) {
  await page.getByRole("button", { name: `Change ${address}`, exact: true }).click();
  await page.locator("dialog input").first().waitFor();
}

behaviour("a mailbox is tested as it is kept, and the answer is told", async () => {
  const { page } = await operator("admin", { path: "/settings/channels" });
  await page.getByRole("button", { name: /^Test support@/ }).click();
  await page.locator(".toast", { hasText: "works." }).waitFor();
});

behaviour("a mailbox is changed where it stands: what is not touched stays", async () => {
  const [before] = await mailboxes();
  const { page } = await operator("admin", { path: "/settings/channels" });
  await change(page, before.address);
  await field(page, "Sender's name").fill("Ромашка, поддержка");
  await page.getByLabel("Answers leave when a colleague has approved them").check();
  await page.evaluate(axe);
  assert.deepEqual(await page.evaluate(async () => (await window.axe.run("dialog", { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"], resultTypes: ["violations"] })).violations.map((each) => each.id)), []);
  if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/mailbox.png` });
  await page.locator("dialog").getByRole("button", { name: "Save" }).click();
  await page.getByText("Ромашка, поддержка").waitFor();
  const after = (await mailboxes()).find((each) => each.id === before.id);
  assert.deepEqual(after, { ...before, name: "Ромашка, поддержка", approval: true });
  await ask("PATCH", `/mailboxes/${before.id}`, { name: before.name, approval: false });
});

behaviour("where a server is another its password has to be entered again, and the page says so at the field", async () => {
  const [before] = await mailboxes();
  const { page } = await operator("admin", { path: "/settings/channels" });
  expect(/422/);
  await change(page, before.address);
  await field(page, "Server").fill("elsewhere.example.com");
  await page.locator("dialog").getByRole("button", { name: "Save" }).click();
  await wrongAt(page, "imap.password").waitFor();
  assert.equal(await field(page, "Password").getAttribute("aria-invalid"), "true");
  assert.equal(await field(page, "Server").inputValue(), "elsewhere.example.com");
  assert.deepEqual((await mailboxes()).find((each) => each.id === before.id), before);
});

behaviour("a new mailbox is tried before it is kept: a wrong password is told, and what was typed stands", async () => {
  const [known] = await mailboxes();
  const { page } = await operator("admin", { path: "/settings/channels" });
  expect(/422/);
  await page.getByRole("button", { name: "Add an account" }).click();
  await field(page, "E-mail").fill("new@romashka.example");
  for (const [nth, server] of [[0, known.imap], [1, known.smtp]]) {
    await field(page, "Server", nth).fill(server.host);
    await field(page, "Port", nth).fill(String(server.port));
    await field(page, "Connection", nth).selectOption(server.security);
    await field(page, "Login", nth).fill(server.user);
    await field(page, "Password", nth).fill("not-the-password");
  }
  await page.locator("dialog").getByRole("button", { name: "Add" }).click();
  await page.locator("dialog [data-error]").first().waitFor();
  assert.equal(await field(page, "E-mail").inputValue(), "new@romashka.example");
  assert.equal((await mailboxes()).some((each) => each.address === "new@romashka.example"), false);
});

behaviour("bots and numbers are refused at the field that is wrong, and a number is added, changed and shown", async () => {
  const { page } = await operator("admin", { path: "/settings/channels" });
  expect(/422/);
  await page.getByRole("button", { name: "Add an account" }).click();
  await page.getByLabel("Telegram bot").check();
  await field(page, "The bot's token").fill("kein Token");
  await page.locator("dialog").getByRole("button", { name: "Add" }).click();
  await wrongAt(page, "token").waitFor();
  await page.getByLabel("Number for SMS").check();
  await field(page, "Number").fill("TSVETY");
  await field(page, "Provider").selectOption("http");
  await field(page, "Name", 1).fill("smsc");
  await field(page, "Address").fill(`${HUB}/nowhere?to={to}`);
  await field(page, "Fields: {to}, {from}, {text}, {id} are filled in").fill("text: {text}");
  await page.locator("dialog").getByRole("button", { name: "Add" }).click();
  const added = await until(async () => (await ask("GET", "/numbers")).items.find((each) => each.address === "TSVETY"), "it is there");
  assert.deepEqual(added.providers.map((each) => [each.kind, each.name]), [["http", "smsc"]]);
  await change(page, "TSVETY");
  await field(page, "Price of a part").fill("3.50");
  await page.locator("dialog").getByRole("button", { name: "Save" }).click();
  await until(async () => Number((await ask("GET", `/numbers/${added.id}`)).tariff) === 3.5, "it is changed");
  await ask("DELETE", `/numbers/${added.id}`);
});

behaviour("a line is changed in the page", async () => {
  const [line] = (await ask("GET", "/lines")).items;
  const { page } = await operator("admin", { path: "/settings/channels" });
  await change(page, line.number);
  await field(page, "Calls are answered within seconds").fill("0");
  expect(/422/);
  await page.locator("dialog").getByRole("button", { name: "Save" }).click();
  await wrongAt(page, "service_level").waitFor();
  await field(page, "Calls are answered within seconds").fill("35");
  await page.locator("dialog").getByRole("button", { name: "Save" }).click();
  await until(async () => (await ask("GET", `/lines/${line.id}`)).service_level === 35, "it is changed");
  assert.deepEqual(await ask("GET", `/lines/${line.id}`), { ...line, service_level: 35 });
  await ask("PATCH", `/lines/${line.id}`, { service_level: line.service_level });
});

behaviour("a line is added and removed where it stands, and its exchange stays", async () => {
  const exchanges = async () => (await ask("GET", "/exchanges")).items.length;
  const before = await exchanges();
  const { page } = await operator("admin", { path: "/settings/channels" });
  await page.getByRole("button", { name: "Add an account" }).click();
  await page.getByLabel("Line for calls").check();
  await field(page, "Number").fill("+74951230099");
  await page.locator("dialog").getByRole("button", { name: "Add" }).click();
  await page.getByRole("button", { name: "Remove +74951230099" }).click();
  await page.locator("dialog").getByRole("button", { name: "Remove" }).click();
  await until(async () => !(await ask("GET", "/lines")).items.some((each) => each.number === "+74951230099"), "it is gone");
  assert.equal(await exchanges(), before);
});

behaviour("what happens with calls of a line is written as a form, and what cannot be is refused at its field", async () => {
  const [line] = (await ask("GET", "/lines")).items;
  await ask("PATCH", `/lines/${line.id}`, { flow: { ring: ["admin"] } });
  const { page } = await operator("admin", { path: "/settings/channels" });
  const dialog = page.locator("dialog");
  const tick = (group, name) => dialog.getByRole("group", { name: group, exact: true }).getByLabel(name, { exact: true }).check();
  await page.getByRole("button", { name: `What calls meet ${line.number}` }).click();
  await field(page, "Greeting").first().fill("Здравствуйте!");
  await field(page, "Only in these hours").check();
  await tick("Days", "Sa");
  await field(page, "A menu").check();
  await field(page, "What the menu says").fill("По заказам нажмите один");
  await tick("Keys", "1");
  await tick("Key 1 rings", "Administrator");
  await field(page, "Who is not answered waits in turn").check();
  await field(page, "Then").selectOption({ label: "Voicemail" });
  expect(/422/);
  await dialog.getByRole("button", { name: "Save" }).click();
  await wrongAt(page, "queue.members").waitFor();
  await tick("Who takes calls of it", "Administrator");
  await dialog.getByRole("button", { name: "Save" }).click();
  await wrongAt(page, "queue.overflow").waitFor();
  assert.equal(await field(page, "Greeting").first().inputValue(), "Здравствуйте!");
  await page.evaluate(axe);
  assert.deepEqual(await page.evaluate(async () => (await window.axe.run("dialog", { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"], resultTypes: ["violations"] })).violations.map((each) => each.id)), []);
  if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/flow.png` });
  await field(page, "What is said").fill("Оставьте сообщение.");
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.waitFor({ state: "detached" });
  const { flow } = await ask("GET", `/lines/${line.id}`);
  assert.deepEqual([flow.greeting, flow.hours.days, flow.menu.choices, flow.queue.members, flow.queue.overflow, flow.owner_first, flow.queue.call_back], ["Здравствуйте!", [1, 2, 3, 4, 5, 6], { 1: ["admin"] }, ["admin"], "voicemail", null, null]);
  await page.getByRole("button", { name: `What calls meet ${line.number}` }).click();
  await field(page, "A menu").uncheck();
  assert.equal(await field(page, "Then").inputValue(), "voicemail");
  await dialog.getByRole("button", { name: "Save" }).click();
  await until(async () => (await ask("GET", `/lines/${line.id}`)).flow.menu === null, "the menu is gone");
  if (line.flow) await ask("PATCH", `/lines/${line.id}`, { flow: line.flow });
});

behaviour("where a source is required nobody opens a client by hand without it, and is told so at the field", async () => {
  const { page } = await operator("admin", { path: "/settings/sources" });
  expect(/422/);
  await page.getByRole("button", { name: "Opened by hand" }).click();
  await field(page, "Source of a new client").selectOption("required");
  await field(page, "Who asks").selectOption("admin");
  await page.locator("dialog").getByRole("button", { name: "Save" }).click();
  try {
    await page.getByRole("row", { name: /Opened by hand.*high priority.*Administrator/ }).waitFor();
    await page.getByRole("link", { name: "Clients" }).click();
    const name = `Сам Пришёл ${Date.now()}`;
    // Others read the rule again after a moment.
    await until(async () => {
      await page.getByRole("button", { name: "New client" }).click();
      await field(page, "Name").fill(name);
      await page.locator("dialog").getByRole("button", { name: "Add" }).click();
      await page.locator("dialog").waitFor({ state: "detached", timeout: 2_000 }).catch(() => undefined);
      if (await wrongAt(page, "source").count()) return true;
      await page.goto(`${HUB}/clients`);
      return false;
    }, "it is refused");
    assert.equal(await field(page, "Name").inputValue(), name);
    await field(page, "How he heard of us").fill("по радио");
    await page.locator("dialog").getByRole("button", { name: "Add" }).click();
    await page.locator("dialog").waitFor({ state: "detached" });
  } finally {
    await ask("PUT", "/source-policies/card", { rule: "optional" });
  }
});

await run();
