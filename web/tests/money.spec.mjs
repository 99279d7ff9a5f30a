/** Money: what is shown is what the hub counts, and behind each number stands what it is made of. */

import { ask, assert, behaviour, operator, run, until } from "./stage.mjs";

const today = new Date().toISOString().slice(0, 10);

behaviour("a source, what it costs and what came of it stand in one table, with the deals behind it", async () => {
  const { page } = await operator("admin", { path: "/money/sources" });
  await page.getByLabel("Channel", { exact: true }).fill("реклама");
  await page.getByLabel("Source", { exact: true }).first().fill("Щиты");
  await page.getByRole("button", { name: "Add", exact: true }).first().click();
  await page.getByRole("cell", { name: "реклама › Щиты" }).first().waitFor();
  await page.locator(".columns select").first().selectOption({ label: "реклама › Щиты" });
  await page.getByLabel("Cost", { exact: true }).fill("1000.50");
  await page.getByRole("button", { name: "Add", exact: true }).last().click();
  await page.getByRole("cell", { name: /1,000\.50/ }).waitFor();
  const client = await ask("POST", "/clients", { name: "Покупатель щитов", addresses: [{ address: `buyer${Date.now()}@example.com` }] });
  const source = (await ask("GET", "/sources?limit=500")).items.find((each) => each.name === "Щиты");
  await ask("POST", "/touches", { whose: client.id, kind: "hand", source: source.id });
  await ask("POST", "/leads", { email: `lead${Date.now()}@example.com`, name: "Новый", url: "https://shop.example/?utm_source=yandex&utm_medium=cpc" });
  await ask("POST", "/payments", { items: [{ whose: client.id, at: new Date(Date.now() + 1_000).toISOString(), amount: { value: "5000.00", currency: "RUB" } }] });
  const line = async () => (await ask("GET", `/attribution/report?since=${today}&until=${today}&by=source&model=last`)).lines.find((each) => each.source === source.id);
  await until(async () => Number((await line())?.models[0].revenue) === 5_000, "the hub has counted it");
  await until(async () => (await ask("GET", `/attribution/touches?since=${today}&until=${today}&leads=true`)).items.some((each) => each.path.at(-1) === "yandex"), "the lead is counted");
  await page.getByRole("link", { name: "Report" }).click();
  const row = page.getByRole("row", { name: /реклама › Щиты/ });
  await until(async () => { await page.getByLabel("Until").fill(today); return /5,000/.test(await row.innerText().catch(() => "")); }, "the table shows it");
  await page.getByLabel("Linear").check();
  assert.match(await row.innerText(), /1,000\.50/);
  await row.getByRole("button", { name: /What is behind it/ }).first().click();
  await page.getByRole("dialog").getByRole("link", { name: "Client" }).first().waitFor();
  assert.match(await page.getByRole("dialog").innerText(), /5,000/);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: /^Leads: .*yandex/i }).first().click();
  await page.getByRole("dialog").getByRole("link", { name: "Client" }).waitFor();
});

await run();
