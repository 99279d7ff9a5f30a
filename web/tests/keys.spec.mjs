/** No focus is stolen, no letter runs a command, everything goes without a mouse. */

import { ask, assert, behaviour, box, chain, open, operator, row, run, says, until } from "./stage.mjs";

const focused = (page) => page.evaluate(() => document.activeElement?.closest("[data-chain]")?.dataset.chain ?? document.activeElement?.tagName);

behaviour("while one types, fifty messages arrive: every letter lands, and the focus stays", async () => {
  const [one, other] = [await chain(), await chain()];
  const { page } = await operator();
  await open(page, one.id);
  await box(page).focus();
  const coming = (async () => {
    for (let n = 0; n < 25; n++) await Promise.all([says(one.client, `ещё ${n}`, { chain_id: one.id }), says(other.client, `и ${n}`, { chain_id: other.id })]);
  })();
  const text = "jkernaxitsmfcu быстро и без потерь ".repeat(4);
  await page.keyboard.type(text, { delay: 4 });
  await coming;
  assert.equal(await box(page).inputValue(), text);
  assert.equal(await focused(page), "TEXTAREA");
  assert.ok(page.url().endsWith(one.id));
  assert.equal((await ask("GET", `/chains/${one.id}`)).state, "open");
});

behaviour("commands go by the place of the key, on a Russian layout too", async () => {
  const older = await chain();
  const newer = await chain();
  const { page } = await operator();
  await row(page, newer.id).waitFor();
  const press = (code, key) => page.evaluate(([c, k]) => document.body.dispatchEvent(new KeyboardEvent("keydown", { code: c, key: k, bubbles: true, cancelable: true })), [code, key]);
  await open(page, newer.id);
  await page.locator(".head h1").click();
  await press("KeyJ", "о");
  await page.waitForURL(`**/inbox/${older.id}`);
  await press("KeyK", "л");
  await page.waitForURL(`**/inbox/${newer.id}`);
});

behaviour("a key that makes a letter with AltGr runs nothing", async () => {
  const one = await chain();
  const { page } = await operator();
  await row(page, one.id).waitFor();
  await page.evaluate(() => document.body.dispatchEvent(new KeyboardEvent("keydown", { code: "KeyJ", key: "ł", bubbles: true, altKey: true, ctrlKey: true, modifierAltGraph: true })));
  assert.ok(page.url().endsWith("/inbox"));
});

behaviour("the palette finds every command in both languages, with its key", async () => {
  const one = await chain();
  const { page } = await operator();
  await open(page, one.id);
  await page.waitForTimeout(0);
  await until(async () => {
    await page.keyboard.press("Control+K");
    await page.getByRole("combobox").fill("отложить");
    const found = await page.locator("[role=option]", { hasText: "Snooze" }).locator("kbd").allInnerTexts();
    await page.keyboard.press("Escape");
    return found.includes("S");
  }, "found by its Russian name");
});

behaviour("the list of keys is what the palette has", async () => {
  const one = await chain();
  const { page } = await operator();
  await open(page, one.id);
  await page.keyboard.press("Control+K");
  await page.locator("dialog [role=option]").first().waitFor();
  const palette = (await page.locator("dialog [role=option]").evaluateAll((all) => all.filter((each) => each.querySelector("kbd")).map((each) => each.innerText.split("\n").join(" ").trim()))).sort();
  await page.keyboard.press("Escape");
  await page.locator(".head h1").click();
  await page.keyboard.press("Shift+Slash");
  await page.locator("dl.keys").waitFor();
  const listed = await page.locator("dl.keys").evaluate((list) => [...list.querySelectorAll("dt")].map((each) => `${each.innerText} ${each.nextElementSibling.innerText}`));
  assert.deepEqual(listed.filter((each) => !each.endsWith("Ctrl K")).map((each) => each.trim()).sort(), palette);
});

behaviour("R opens the reply focused, Esc gives the focus back to the row", async () => {
  const one = await chain();
  const { page } = await operator();
  await open(page, one.id);
  await page.locator(".head h1").click();
  await page.keyboard.press("r");
  assert.equal(await focused(page), "TEXTAREA");
  await page.keyboard.press("Escape");
  await until(async () => (await focused(page)) === one.id);
});

behaviour("without a mouse one finds a chain, notes, closes it and has the next, in under twelve keys", async () => {
  const next = await chain();
  const one = await chain();
  const { page } = await operator();
  await row(page, one.id).waitFor();
  let keys = 0;
  const press = async (key) => { keys++; await page.keyboard.press(key); };
  // The cast may have written meanwhile.
  while (!page.url().endsWith(one.id) && keys < 6) {
    await press("j");
    await page.waitForURL("**/inbox/ch_*");
  }
  await box(page).waitFor();
  await press("n");
  await until(async () => (await focused(page)) === "TEXTAREA");
  await page.keyboard.type("Сделано");
  await press("Control+Enter");
  await until(async () => (await box(page).inputValue()) === "");
  await press("e");
  await until(() => !page.url().endsWith(one.id) && page.url().includes("/inbox/ch_"), "the next one is open");
  await until(async () => (await ask("GET", `/chains/${one.id}`)).state === "closed", "it is closed");
  void next;
  assert.ok(keys < 12);
});

behaviour("keys can be turned off", async () => {
  const one = await chain();
  const { page } = await operator();
  await row(page, one.id).waitFor();
  await page.keyboard.press("Shift+Slash");
  await page.getByRole("checkbox", { name: "Keys run commands" }).uncheck();
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  assert.ok(page.url().endsWith("/inbox"));
});

behaviour("keys of the inbox do nothing while another screen is shown", async () => {
  const one = await chain();
  const { page } = await operator();
  await row(page, one.id).getByRole("checkbox").check({ force: true });
  await page.getByRole("link", { name: "Tasks" }).click();
  await page.getByRole("heading", { name: "Tasks" }).waitFor();
  await page.keyboard.press("e");
  await page.keyboard.press("c");
  assert.equal(await page.getByRole("dialog").count(), 0);
  assert.equal((await ask("GET", `/chains/${one.id}`)).state, "open");
});

behaviour("a quick answer is found by its shortcut, filled in, and stands where the cursor is", async () => {
  const one = await chain({ name: "Степан" });
  await ask("PATCH", `/clients/${one.client}`, { given_name: "Степан" });
  await ask("POST", "/quick-answers", { title: "Срок доставки", shortcut: "срок", texts: { ru: "{{ first_name | Друг }}, доставим за два дня." } });
  const { page } = await operator();
  await open(page, one.id);
  await box(page).focus();
  await page.keyboard.press("/");
  await page.getByRole("combobox").fill("срок");
  await page.keyboard.press("Enter");
  await until(async () => (await box(page).inputValue()) === "Степан, доставим за два дня.");
  await page.keyboard.type(" Ждите!");
  await until(async () => (await box(page).inputValue()) === "Степан, доставим за два дня. Ждите!");
  await box(page).fill("а/б");
  assert.equal(await page.getByRole("dialog").count(), 0);
});

await run();
