/** What colleagues ask of each other: mentions and what each is told of, in all his tabs, as he wants it. */

import { ask, assert, behaviour, box, chain, employee, open, operator, run, tab, until } from "./stage.mjs";

const bell = (page) => page.locator(".bell");
const unread = async (page) => Number((await bell(page).locator("[data-unread]").getAttribute("data-unread", { timeout: 500 }).catch(() => "0")) ?? 0);
const counter = async (page, view) => Number((await page.locator(`[data-count="${view}"]`).innerText({ timeout: 500 }).catch(() => "0")).replace(/\D/g, "") || 0);

async function mention(chainId, login, text) {
  await ask("POST", `/chains/${chainId}/notes`, { text: `@${login} ${text}`, mentions: [login] });
}

behaviour("whom a note names finds the chain in his mentions, is told once, and what he reads in one tab is read in all", async () => {
  await employee("vera");
  const one = await chain({ subject: "Кухня под ключ" });
  const { page, context } = await operator("vera");
  const other = await tab(context);
  await other.locator(".frame").waitFor();
  const before = [await counter(page, "mentions"), await unread(page)];
  const { page: admins } = await operator("admin");
  await open(admins, one.id);
  await admins.keyboard.press("Escape");
  await admins.keyboard.press("n");
  await box(admins).fill("@vera глянь, пожалуйста");
  await admins.keyboard.press("Control+Enter");
  for (const each of [page, other]) await until(async () => (await unread(each)) === before[1] + 1, "both tabs count it");
  await until(async () => (await counter(page, "mentions")) === before[0] + 1, "the queue counts it");
  await page.locator(".view", { hasText: "Mentions" }).click();
  await until(async () => (await page.locator("[data-chain]").count()) === (await counter(page, "mentions")), "the list is as long as its counter says");
  await bell(page).click();
  const item = page.locator("dialog li", { hasText: "глянь" });
  await item.first().waitFor();
  assert.equal(await item.count(), 1);
  if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/bell.png` });
  assert.match(await item.innerText(), /mentions you/);
  assert.match(await item.innerText(), /Кухня под ключ/);
  await item.getByRole("button").click();
  await page.waitForURL(`**/inbox/${one.id}`);
  for (const each of [page, other]) await until(async () => (await unread(each)) === before[1], "both tabs have it read");
});

behaviour("the browser tells what nobody looks at, once for all tabs", async () => {
  await employee("vera");
  const one = await chain();
  const { page, context } = await operator("vera");
  await context.addInitScript(() => {
    if (window !== top) return;
    // Nobody looks at either tab; the browser's own notifications are not there without a screen.
    document.hasFocus = () => false;
    window.told = [];
    window.Notification = class { static permission = "granted"; constructor(title, { tag, body }) { window.told.push([title, tag, body]); } close() {} };
  });
  await page.reload();
  const other = await tab(context);
  for (const each of [page, other]) await bell(each).waitFor();
  await mention(one.id, "vera", "срочно");
  const tags = [];
  for (const each of [page, other]) {
    await until(async () => (await each.evaluate(() => window.told.length)) === 1, "it tells");
    const [[title, tag, body]] = await each.evaluate(() => window.told);
    assert.match(title, /mentions you/);
    assert.match(body, /срочно/);
    tags.push(tag);
  }
  assert.equal(new Set(tags).size, 1);
});

behaviour("how he is told of what is his to say, and it stays so", async () => {
  await employee("vera");
  const one = await chain();
  const { page } = await operator("vera", { path: "/settings/notifications" });
  const there = await unread(page);
  const boxOf = () => page.getByLabel("A note mentions me: In the page");
  await boxOf().uncheck();
  await until(async () => !(await ask("GET", "/notification-preferences", undefined, "vera")).ways.mention.includes("page"));
  await mention(one.id, "vera", "тихо");
  await until(async () => (await ask("GET", "/notifications", undefined, "vera")).items.some((each) => each.words.includes("тихо")));
  await page.reload();
  await boxOf().waitFor();
  assert.equal(await boxOf().isChecked(), false);
  assert.equal(await unread(page), there);
  await boxOf().check();
  await until(async () => (await ask("GET", "/notification-preferences", undefined, "vera")).ways.mention.includes("page"));
});

behaviour("a task that is given opens from the bell, and all can be read at once", async () => {
  await employee("vera");
  const { page } = await operator("vera", { language: "ru" });
  await ask("POST", "/tasks", { title: "Отправить счёт", assignee: "vera" });
  await until(async () => (await unread(page)) > 0);
  await bell(page).click();
  await page.locator("dialog li", { hasText: "Отправить счёт" }).first().getByRole("button").click();
  await page.waitForURL("**/tasks/tk_*");
  await until(async () => (await page.locator("dialog input").first().inputValue()) === "Отправить счёт", "its form is open");
  await page.keyboard.press("Escape");
  await page.waitForURL("**/tasks");
  await mention((await chain()).id, "vera", "ещё");
  await until(async () => (await unread(page)) > 0);
  await bell(page).click();
  await page.getByRole("button", { name: "Прочитать все" }).click();
  await until(async () => (await unread(page)) === 0);
  assert.equal((await ask("GET", "/notifications/unread", undefined, "vera")).unread, 0);
});

await run();
