/** No draft is lost, none goes to another client. */

import { ask, assert, behaviour, box, browser, chain, employee, expect, logIn, open, operator, row, run, tab, until } from "./stage.mjs";

const kept = async (id, kind = "answer") => (await ask("GET", `/chains/${id}/drafts`)).items.find((each) => each.kind === kind && each.login === "admin")?.text;

behaviour("text typed for one chain is not in the other, and stands when one comes back", async () => {
  const [one, other] = [await chain(), await chain()];
  const { page } = await operator();
  await open(page, one.id);
  await box(page).fill("для первого");
  await open(page, other.id);
  assert.equal(await box(page).inputValue(), "");
  await box(page).fill("для второго");
  await open(page, one.id);
  assert.equal(await box(page).inputValue(), "для первого");
  await until(async () => (await kept(other.id)) === "для второго" && (await kept(one.id)) === "для первого", "both are on the hub");
});

behaviour("a page that is killed while one types, and another computer, have the draft", async () => {
  const one = await chain();
  const { page, context } = await operator();
  await open(page, one.id);
  await box(page).pressSequentially("Набрано и не сох");
  // At once, before the pause after which the hub is told.
  await page.close({ runBeforeUnload: false });
  const again = await tab(context, `/inbox/${one.id}`);
  await until(async () => (await box(again).inputValue()) === "Набрано и не сох", "it is in the browser");
  await until(async () => (await kept(one.id)) === "Набрано и не сох", "it is on the hub");
  const elsewhere = await operator("admin", { path: `/inbox/${one.id}` });
  await until(async () => (await box(elsewhere.page).inputValue()) === "Набрано и не сох", "it is on another computer");
});

behaviour("a page that is killed before it hears that the hub has the draft goes on with it", async () => {
  const one = await chain();
  const { page, context } = await operator();
  await open(page, one.id);
  await page.route("**/drafts/answer", async (route) => { await route.fetch(); });
  await box(page).fill("Половина");
  await until(async () => (await kept(one.id)) === "Половина", "the hub has it");
  await box(page).fill("Половина и остальное");
  await page.close({ runBeforeUnload: false });
  const again = await tab(context, `/inbox/${one.id}`);
  await until(async () => (await kept(one.id)) === "Половина и остальное", "all of it is on the hub");
  assert.equal(await box(again).inputValue(), "Половина и остальное");
});

behaviour("sixty random switches of chain and kind mix no two drafts up", async () => {
  const chains = [await chain(), await chain(), await chain()];
  const { page } = await operator();
  const wanted = new Map();
  let seed = 7;
  const random = (below) => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % below;
  for (let step = 0; step < 60; step++) {
    const { id } = chains[random(3)];
    const kind = random(2) ? "Note" : "Reply";
    if (!page.url().endsWith(id)) await open(page, id);
    await page.locator(".composer .tabs").getByRole("button", { name: kind }).click();
    const name = `${id} ${kind}`;
    assert.equal(await box(page).inputValue(), wanted.get(name) ?? "", name);
    const text = `${wanted.get(name) ?? ""}${String.fromCharCode(97 + random(26))}`;
    await box(page).fill(text);
    wanted.set(name, text);
  }
  for (const [name, text] of wanted) {
    const [id, kind] = name.split(" ");
    await until(async () => (await kept(id, kind === "Note" ? "note" : "answer")) === text, name);
  }
});

behaviour("assigning, and changing language or theme, leave the draft as it is", async () => {
  const one = await chain();
  await ask("PATCH", `/chains/${one.id}`, { owner: "" });
  const { page } = await operator();
  await open(page, one.id);
  await box(page).fill("остаюсь");
  await page.getByRole("button", { name: "Take", exact: true }).click();
  await until(async () => (await ask("GET", `/chains/${one.id}`)).owner === "admin");
  for (const words of ["По-русски", "Светлая или тёмная тема"]) {
    await page.keyboard.press("Control+K");
    await page.getByRole("combobox").fill(words);
    await page.keyboard.press("Enter");
  }
  await page.getByRole("button", { name: "Отправить", exact: false }).first().waitFor();
  assert.equal(await box(page).inputValue(), "остаюсь");
  await until(async () => (await kept(one.id)) === "остаюсь");
});

behaviour("Back and Forward lose no draft and make no second one", async () => {
  const [one, other] = [await chain(), await chain()];
  const { page } = await operator();
  await open(page, one.id);
  await box(page).fill("назад и вперёд");
  await open(page, other.id);
  await page.goBack();
  await until(async () => (await box(page).inputValue()) === "назад и вперёд");
  await page.goForward();
  await until(async () => (await box(page).inputValue()) === "");
  await until(async () => (await kept(one.id)) === "назад и вперёд");
  assert.equal(await kept(other.id), undefined);
});

behaviour("what was written in two tabs is not written over: the person chooses", async () => {
  const one = await chain();
  const { page, context } = await operator();
  await open(page, one.id);
  await box(page).fill("здесь");
  await until(async () => (await kept(one.id)) === "здесь");
  const second = await operator("admin", { path: `/inbox/${one.id}` });
  await until(async () => (await box(second.page).inputValue()) === "здесь");
  await box(second.page).fill("там длиннее");
  await until(async () => (await kept(one.id)) === "там длиннее");
  expect(/409/);
  await box(page).fill("здесь иначе");
  await page.getByRole("button", { name: "Take that" }).waitFor();
  assert.equal(await kept(one.id), "там длиннее");
  await page.getByRole("button", { name: "Keep mine" }).click();
  await until(async () => (await kept(one.id)) === "здесь иначе");
  assert.equal(context.pages().length, 1);
});

behaviour("drafts are a view, and mark their rows", async () => {
  const one = await chain();
  const { page } = await operator();
  await open(page, one.id);
  await box(page).fill("черновик");
  await row(page, one.id).getByText("Draft").waitFor();
  await page.locator(".view", { hasText: "Drafts" }).click();
  await row(page, one.id).waitFor();
});

behaviour("a session that ends while one types loses nothing: one logs in over the page and goes on", async () => {
  await employee("vera");
  const one = await chain();
  const { page } = await operator("vera");
  await open(page, one.id);
  await box(page).fill("Сеанс сейчас кончится");
  expect(/401/);
  await ask("DELETE", "/employees/vera/sessions");
  await page.getByText("Your session has ended").waitFor();
  assert.equal(await box(page).inputValue(), "Сеанс сейчас кончится");
  await page.fill("dialog input[name=password]", process.env.PASSWORD);
  await page.keyboard.press("Enter");
  await page.locator("dialog").waitFor({ state: "detached" });
  await box(page).pressSequentially(", и дальше");
  await until(async () => (await ask("GET", `/chains/${one.id}/drafts`)).items[0]?.text === "Сеанс сейчас кончится, и дальше");
});

void [browser, logIn];
await run();
