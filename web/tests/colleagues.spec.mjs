/** What colleagues ask of each other: mentions and what each is told of, in all his tabs, as he wants it. */

import { HUB, ask, assert, behaviour, box, chain, employee, expect, open, operator, run, tab, until } from "./stage.mjs";

const bell = (page) => page.locator(".bell");
const unread = async (page) => Number((await bell(page).locator("[data-unread]").getAttribute("data-unread", { timeout: 500 }).catch(() => "0")) ?? 0);
const counter = async (page, view) => Number((await page.locator(`[data-count="${view}"]`).innerText({ timeout: 500 }).catch(() => "0")).replace(/\D/g, "") || 0);

/** A chain that came by mail, of the demo's cast, so that it can be answered. */
const ofTheCast = async (name) => until(async () => (await ask("GET", "/inbox?limit=200")).items.find((each) => each.client_name === name && each.newest?.channel === "email")?.chain, name);

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
  const there = (await ask("GET", "/notifications/unread", undefined, "vera")).unread;
  await until(async () => (await unread(page)) === there, "the bell counts what waits");
  const boxOf = () => page.getByLabel("A note mentions me: In the page");
  await boxOf().uncheck();
  await until(async () => !(await ask("GET", "/notification-preferences", undefined, "vera")).ways.mention.includes("page"));
  await mention(one.id, "vera", "тихо");
  await until(async () => (await ask("GET", "/notifications", undefined, "vera")).items.some((each) => each.words.includes("тихо")));
  await page.reload();
  await boxOf().waitFor();
  assert.equal(await boxOf().isChecked(), false);
  await until(async () => (await unread(page)) === there, "it is not counted");
  assert.equal((await ask("GET", "/notifications/unread", undefined, "vera")).unread, there);
  await boxOf().check();
  await until(async () => (await ask("GET", "/notification-preferences", undefined, "vera")).ways.mention.includes("page"));
});

behaviour("a browser that one adds tells also while no page is looked at, and leads to what it tells of", async () => {
  await employee("vera");
  const one = await chain();
  const { page, context } = await operator("vera", { path: "/settings/notifications" });
  await context.grantPermissions(["notifications"]);
  // The push services of browsers cannot be reached from here; all else is Chromium's own.
  const subscribed = () => {
    const key = (n) => btoa(String.fromCharCode(...n)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    PushManager.prototype.subscribe = async (asked) => (window.asked = asked, { toJSON: () => ({ endpoint: "https://push.example.com/1", keys: { p256dh: key([4, ...Array(64).fill(7)]), auth: key(Array(16).fill(7)) } }) });
    PushManager.prototype.getSubscription = async () => ({ unsubscribe: async () => true });
  };
  await context.addInitScript(subscribed);
  await page.reload();
  await page.getByRole("button", { name: "Add this browser" }).click();
  const devices = () => ask("GET", "/notification-devices", undefined, "vera");
  await until(async () => (await devices()).items.length === 1, "it is added");
  await page.getByRole("button", { name: "Add this browser" }).waitFor({ state: "detached" });
  const asked = await page.evaluate(() => window.asked);
  assert.deepEqual(asked, { userVisibleOnly: true, applicationServerKey: (await devices()).key });
  const control = await context.newCDPSession(page);
  const workers = [];
  control.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => workers.push(...registrations));
  await control.send("ServiceWorker.enable");
  await until(async () => workers.length > 0, "its worker is there");
  const other = await context.newPage();
  await other.bringToFront();
  // Playwright makes every page believe that it is looked at.
  await control.send("Emulation.setFocusEmulationEnabled", { enabled: false });
  const told = { id: "nt_1", title: "You were mentioned", path: `/inbox/${one.id}`, lang: "en" };
  await control.send("ServiceWorker.deliverPushMessage", { origin: HUB, registrationId: workers[0].registrationId, data: JSON.stringify(told) });
  const shown = () => page.evaluate(async () => (await (await navigator.serviceWorker.ready).getNotifications()).map(({ title, tag, data, body }) => [title, tag, data, body]));
  await until(async () => (await shown()).length > 0, "it is shown");
  assert.deepEqual(await shown(), [["You were mentioned", "nt_1", `/inbox/${one.id}`, ""]]);
  await page.evaluate((path) => navigator.serviceWorker.dispatchEvent(new MessageEvent("message", { data: { go: path } })), told.path);
  await page.waitForURL(`**/inbox/${one.id}`);
  await page.goto(`${HUB}/settings/notifications`);
  await page.locator("li", { hasText: "Chrome" }).getByRole("button", { name: "Remove" }).click();
  await until(async () => (await devices()).items.length === 0, "it is told no more");
  await page.getByRole("button", { name: "Add this browser" }).waitFor();
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

behaviour("an answer is asked about, returned with a word why, changed, approved as it stands, and leaves so", async () => {
  await employee("vera");
  await employee("igor");
  const one = await ofTheCast("Wojciech Zieliński");
  const { page: author } = await operator("igor", { path: `/inbox/${one.id}` });
  const { page: reviewer } = await operator("vera");
  await box(author).fill("Скидка 30 %");
  await author.getByText("Draft kept").waitFor();
  await author.getByRole("button", { name: "Ask a colleague to approve it" }).click();
  await author.locator("dialog input").fill("vera");
  await author.keyboard.press("Enter");
  await author.locator("[data-review=asked]").waitFor();
  assert.ok(await author.getByRole("button", { name: /^Send Ctrl/ }).isDisabled());
  await until(async () => (await counter(reviewer, "review")) === 1, "it is counted");
  await reviewer.locator(".view", { hasText: "To approve" }).click();
  await until(async () => (await reviewer.locator("[data-chain]").count()) === 1, "it is listed");
  await open(reviewer, one.id);
  const asked = reviewer.locator(".review");
  await asked.getByRole("button", { name: "Return" }).click();
  await asked.getByLabel("What is to be otherwise").fill("Не больше 10 %");
  if (process.env.PICTURES) await reviewer.screenshot({ path: `${process.env.PICTURES}/review.png` });
  await asked.getByRole("button", { name: "Return" }).click();
  await author.locator("[data-review=returned]", { hasText: "Не больше 10 %" }).waitFor();
  await until(async () => (await counter(reviewer, "review")) === 0, "it waits no more");
  await box(author).fill("Скидка 10 %");
  await author.getByText("Draft kept").waitFor();
  await author.getByRole("button", { name: "Ask again" }).click();
  await author.locator("[data-review=asked]").waitFor();
  await asked.locator("textarea").fill("Скидка 10 % до пятницы");
  await asked.getByRole("button", { name: "Save and approve" }).click();
  await author.locator("[data-review=approved]").waitFor();
  assert.equal(await box(author).inputValue(), "Скидка 10 % до пятницы");
  if (process.env.PICTURES) await author.screenshot({ path: `${process.env.PICTURES}/approved.png` });
  await box(author).press("End");
  await box(author).pressSequentially("!");
  await author.locator("[data-review=asked]").waitFor();
  await asked.getByRole("button", { name: "Approve", exact: true }).click();
  await author.locator("[data-review=approved]").waitFor();
  await author.getByRole("button", { name: /^Send Ctrl/ }).click();
  const texts = async () => (await ask("GET", `/interactions?chain_id=${one.id}`)).items.filter((each) => each.author === "igor" && each.type === "email").map((each) => each.text);
  await until(async () => (await texts()).length === 1, "it is sent");
  assert.deepEqual(await texts(), ["Скидка 10 % до пятницы!"]);
  await until(async () => (await box(author).inputValue()) === "", "the field is empty");
});

behaviour("what an account lets out with a second person alone is not sent, and the page says whom to ask", async () => {
  await employee("igor");
  const mailboxes = (await ask("GET", "/mailboxes")).items;
  const one = await ofTheCast("Олена Коваленко");
  const { page } = await operator("igor", { path: `/inbox/${one.id}` });
  for (const each of mailboxes) await ask("PATCH", `/mailboxes/${each.id}`, { approval: true });
  try {
    await new Promise((done) => setTimeout(done, 2_500));
    expect(/403/);
    await box(page).fill("Без спроса");
    await page.getByRole("button", { name: /^Send Ctrl/ }).click();
    await page.getByRole("alert").getByRole("button", { name: "Ask a colleague to approve it" }).waitFor();
    assert.equal(await box(page).inputValue(), "Без спроса");
  } finally {
    for (const each of mailboxes) await ask("PATCH", `/mailboxes/${each.id}`, { approval: false });
  }
});

behaviour("a chain is linked to a deal and to an order of another system, and a link is taken back", async () => {
  const one = await chain({ subject: "Кухня" });
  const deal = await ask("POST", "/deals", { title: "Кухня «Лофт»", chain_id: one.id });
  const { page } = await operator("admin", { path: `/inbox/${one.id}` });
  const linked = async () => (await ask("GET", `/chains/${one.id}`)).subjects.map((each) => [each.kind, each.id, each.title]);
  const add = page.getByRole("button", { name: "Add: Linked to" });
  await add.click();
  await page.getByLabel("What it is about").selectOption({ label: "Deal: Кухня «Лофт»" });
  await page.getByRole("button", { name: "Link", exact: true }).click();
  await page.locator(`[data-subject="deal:${deal.id}"]`).waitFor();
  await page.getByLabel("What it is about").waitFor({ state: "detached" });
  await add.click();
  await page.getByLabel("Kind (a word, as order)").fill("order");
  await page.getByLabel("Number or id there").fill("118");
  await page.locator("aside").getByLabel("Subject", { exact: true }).fill("Заказ № 118");
  await page.getByRole("button", { name: "Link", exact: true }).click();
  await page.locator('[data-subject="order:118"]').waitFor();
  assert.deepEqual(await linked(), [["deal", deal.id, "Кухня «Лофт»"], ["order", "118", "Заказ № 118"]]);
  await page.getByRole("button", { name: "Remove Кухня «Лофт»" }).click();
  await page.locator(`[data-subject="deal:${deal.id}"]`).waitFor({ state: "detached" });
  assert.deepEqual(await linked(), [["order", "118", "Заказ № 118"]]);
});

behaviour("who waits for an answer is counted as the hub counts, and each number leads to those behind it", async () => {
  const one = await chain({ name: "Ждущий", subject: "Жду ответа" });
  await ask("PATCH", `/chains/${one.id}`, { owner: "admin" });
  const { page } = await operator("admin", { path: "/clients/analysis" });
  const hours = page.getByLabel("For hours");
  await hours.fill("0");
  await hours.press("Tab");
  const mine = async () => (await ask("GET", "/analysis/unanswered?hours=0")).items.filter((row) => row.owner === "admin").reduce((sum, row) => sum + row.count, 0);
  const table = page.locator('[data-table="unanswered"]');
  const number = table.getByRole("row", { name: /^Administrator/ }).getByRole("button").first();
  await until(async () => Number((await number.innerText().catch(() => "0")).replace(/\D/g, "")) === (await mine()), "it is as the hub counts");
  await number.click();
  const known = (await ask("GET", "/analysis/unanswered?hours=0")).items.find((row) => row.owner === "admin").ids;
  await table.locator("li a").first().waitFor();
  assert.deepEqual(await table.locator("li a").evaluateAll((links) => links.map((link) => link.getAttribute("href"))), known.map((id) => `/inbox/${id}`));
  await table.locator("li a").first().click();
  await page.waitForURL(`**/inbox/${known[0]}`);
});

await run();
