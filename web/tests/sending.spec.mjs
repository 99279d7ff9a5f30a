/** An answer goes out once, where it belongs, and never claims what is not so. */

import { ask, assert, behaviour, box, chain, employee, expect, open, operator, run, says, until } from "./stage.mjs";

const out = async (id) => (await ask("GET", `/interactions?chain_id=${id}&direction=out`)).items.filter((each) => each.type !== "note");
/** A chain that came by mail, of the demo's cast, so that it can be answered. */
const ofTheCast = async (name) => until(async () => (await ask("GET", "/inbox?limit=200")).items.find((each) => each.client_name === name && each.newest?.channel === "email")?.chain, name);
const send = (page) => page.locator(".composer").getByRole("button", { name: /^Send Ctrl/ }).click();

behaviour("Send pressed twice, and a reload while it is sent, send once", async () => {
  const one = await ofTheCast("John Baker");
  const { page } = await operator("admin", { path: `/inbox/${one.id}` });
  await box(page).fill("Daisies on Monday.");
  let first = true;
  await page.route("**/chains/*/messages*", async (route) => {
    if (!first) return route.continue();
    first = false;
    // The hub has it, and its answer never comes.
    await route.fetch();
    await route.abort();
  });
  expect(/ERR_FAILED/);
  await send(page);
  await page.getByText("Not sent: the hub cannot be reached").waitFor();
  assert.equal(await box(page).inputValue(), "Daisies on Monday.");
  await page.reload();
  await until(async () => (await box(page).inputValue()) === "Daisies on Monday.");
  await send(page);
  await until(async () => (await box(page).inputValue()) === "");
  assert.equal((await out(one.id)).filter((each) => each.text.includes("Daisies on Monday")).length, 1);
});

behaviour("a taken back answer returns to the editor, and nothing leaves", async () => {
  const one = await ofTheCast("Олена Коваленко");
  const { page } = await operator("admin", { path: `/inbox/${one.id}` });
  await box(page).fill("Поспешил");
  await send(page);
  await page.locator(".toast").getByRole("button", { name: "Undo" }).click();
  await until(async () => (await box(page).inputValue()) === "Поспешил");
  const [sent] = await out(one.id);
  assert.deepEqual([sent.text, sent.delivery.state], ["Поспешил", "cancelled"]);
});

behaviour("an answer that the hub refuses keeps its text, and says why", async () => {
  const one = await chain({ subject: "Отказ" });
  const { page } = await operator("admin", { path: `/inbox/${one.id}` });
  await box(page).fill("Не уйдёт");
  expect(/500/);
  await page.route("**/chains/*/messages*", (route) => route.fulfill({ status: 500, contentType: "application/problem+json", body: JSON.stringify({ type: "about:blank", title: "x", status: 500, detail: "the disk is full" }) }));
  await send(page);
  await page.getByText("Not sent. the disk is full").waitFor();
  assert.equal(await box(page).inputValue(), "Не уйдёт");
  assert.equal((await out(one.id)).length, 0);
});

behaviour("of two operators who answer one chain the second is asked before his leaves", async () => {
  await employee("anna");
  await employee("boris");
  const one = await ofTheCast("Wojciech Zieliński");
  const [anna, boris] = [await operator("anna", { path: `/inbox/${one.id}` }), await operator("boris", { path: `/inbox/${one.id}` })];
  await box(anna.page).fill("Dzień dobry, mamy 40 kaktusów.");
  await box(boris.page).fill("Mamy kaktusy!");
  // Boris is not told: his stream is cut.
  await boris.context.setOffline(true);
  expect(/ERR_INTERNET_DISCONNECTED|409/);
  await send(anna.page);
  await until(async () => (await out(one.id)).length === 1);
  await boris.context.setOffline(false);
  await send(boris.page);
  await boris.page.getByRole("button", { name: "Send anyway" }).waitFor();
  assert.equal(await box(boris.page).inputValue(), "Mamy kaktusy!");
  assert.equal((await out(one.id)).length, 1);
  await boris.page.locator("[data-interaction]", { hasText: "mamy 40 kaktusów" }).waitFor();
  await boris.page.getByRole("button", { name: "Send anyway" }).click();
  await until(async () => (await out(one.id)).length === 2);
});

behaviour("Send and close sends, closes, and the next chain opens", async () => {
  const one = await ofTheCast("Анна Смирнова");
  const { page } = await operator("admin", { path: `/inbox/${one.id}` });
  await box(page).fill("Букет в пути.");
  await page.keyboard.press("Control+Shift+Enter");
  await until(async () => (await ask("GET", `/chains/${one.id}`)).state === "closed");
  await until(() => !page.url().endsWith(one.id), "another chain is open");
});

behaviour("an answer planned for later waits in the chain, and can be taken back there", async () => {
  const one = await ofTheCast("Борис Петрович Кузнецов");
  const { page } = await operator("admin", { path: `/inbox/${one.id}` });
  await box(page).fill("Завтра утром");
  await page.locator(".composer").getByRole("button", { name: "Send later" }).click();
  await page.locator("dialog").getByRole("button", { name: "Send later" }).click();
  const planned = page.locator("[data-interaction]", { hasText: "Завтра утром" });
  await planned.getByText("Leaves").waitFor();
  await planned.getByRole("button", { name: "Take back" }).click();
  await until(async () => (await box(page).inputValue()) === "Завтра утром");
});

void says;
behaviour("a chain that a colleague is offered is his once he accepts, and stays where it is when he says why not", async () => {
  await employee("anna");
  const one = await chain();
  const { page } = await operator("admin", { path: `/inbox/${one.id}` });
  const { page: hers } = await operator("anna", { path: `/inbox/${one.id}` });
  const offer = async () => {
    await page.getByRole("button", { name: "More actions" }).click();
    await page.getByRole("menuitem", { name: "Offer to a colleague" }).click();
    await page.getByRole("dialog").getByRole("option", { name: /Anna/ }).click();
  };
  await offer();
  await hers.getByText("offers you this chain.").waitFor();
  await hers.getByRole("button", { name: "Decline" }).click();
  await hers.getByRole("dialog").getByLabel("Why not").fill("В отпуске");
  await hers.getByRole("dialog").getByRole("button", { name: "Decline" }).click();
  await page.getByText("Offered to Anna.").waitFor({ state: "detached" });
  assert.equal((await ask("GET", `/chains/${one.id}`)).owner, "admin");
  await offer();
  await hers.getByRole("button", { name: "Accept" }).click();
  await until(async () => (await ask("GET", `/chains/${one.id}`)).owner === "anna", "it is hers");
  await page.getByText("Offered to Anna.").waitFor({ state: "detached" });
});

await run();
