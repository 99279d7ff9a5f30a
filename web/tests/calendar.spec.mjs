/** The calendar and tasks: what is planned stands where it is planned, and moves as one moves it. */

import { ask, assert, behaviour, chain, employee, operator, run, until } from "./stage.mjs";

const DAY = 86_400_000;
/** Nine in the morning of a working day to come, in the zone of this machine; in each behaviour another one. */
let used = 0;
function morning() {
  const at = new Date(Date.now() + DAY * (7 * ++used));
  at.setHours(9, 0, 0, 0);
  while ([0, 6].includes(at.getDay())) at.setDate(at.getDate() + 1);
  return at;
}
const after = (at, hours) => new Date(at.getTime() + hours * 3_600_000);
const planned = (client, at, more = {}, login = "admin") => ask("POST", "/interactions", { type: "meeting", subject: "Замер кухни", client_id: client, plan: { at: at.toISOString(), minutes: 60, reminders: [900] }, ...more }, login);
const entry = (page, id) => page.locator(`[data-entry="${id}"]`);
const planOf = async (id) => (await ask("GET", `/interactions/${id}`)).plan;

async function calendar(at, login = "admin") {
  const { page, context } = await operator(login, { path: "/calendar" });
  const weeks = Math.round((monday(at) - monday(new Date())) / (7 * DAY));
  for (let n = 0; n < weeks; n++) await page.getByRole("button", { name: "Later" }).click();
  return { page, context };
}

function monday(at) {
  const day = new Date(at.getFullYear(), at.getMonth(), at.getDate());
  day.setDate(day.getDate() - ((day.getDay() + 6) % 7));
  return day;
}

behaviour("what is dragged to another time is planned for it, keeps its reminders, and goes back by one undo", async () => {
  const at = morning();
  const one = await chain({ name: "Зоя Кухонная" });
  const meeting = await planned(one.client, at);
  const { page } = await calendar(at);
  await entry(page, meeting.id).waitFor();
  assert.match(await entry(page, meeting.id).innerText(), /09:00 Замер кухни\s*· Зоя Кухонная/);
  const day = page.locator(`[data-day="${at.toDateString()}"]`);
  const box = await day.boundingBox();
  await entry(page, meeting.id).dragTo(day, { sourcePosition: { x: 20, y: 6 }, targetPosition: { x: 40, y: 46 * 11.5 + 6 }, force: true });
  await until(async () => new Date((await planOf(meeting.id)).at).getTime() === after(at, 2.5).getTime(), `it is at half past eleven (${JSON.stringify(box)})`);
  assert.deepEqual((await planOf(meeting.id)).reminders, [900]);
  await page.locator(".toast").getByRole("button", { name: "Undo" }).click();
  await until(async () => new Date((await planOf(meeting.id)).at).getTime() === at.getTime(), "it is back at nine");
});

behaviour("a contact is planned without a mouse, and one hears that a colleague is busy then, and when all are free", async () => {
  await employee("anna");
  const at = morning();
  const one = await chain({ name: "Глеб Планов" });
  await planned(one.client, at, {}, "anna");
  await until(async () => (await ask("GET", "/search/state")).behind === 0, "the search has caught up");
  const { page } = await calendar(at);
  await page.keyboard.press("c");
  await page.getByLabel("What about").fill("Договор");
  await page.getByLabel("With whom").fill("Глеб Планов");
  await page.getByRole("dialog").getByRole("button", { name: "Глеб Планов" }).click();
  const pad = (number) => String(number).padStart(2, "0");
  await page.getByLabel("When").fill(`${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}T09:30`);
  await page.locator("summary", { hasText: "Colleagues" }).click();
  await page.getByRole("dialog").getByLabel("Anna").check();
  await page.getByText(/Busy then: Anna/).waitFor();
  await page.getByRole("button", { name: /^All are free/ }).click();
  await page.getByText(/Busy then/).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator("[data-entry]", { hasText: "Договор" }).waitFor();
  const own = await ask("GET", `/agenda?login=anna&since=${at.toISOString()}&until=${after(at, 24 * 7).toISOString()}`);
  assert.ok(own.items.some((each) => each.title === "Договор"));
});

behaviour("what comes again stands in each week, moves there only once it is made, and ends when one says so", async () => {
  const at = morning();
  const one = await chain({ name: "Нина Недельная" });
  const meeting = await planned(one.client, at);
  const { page } = await calendar(at);
  await entry(page, meeting.id).click();
  await page.getByLabel("Comes again").selectOption({ label: "Every week" });
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Later" }).click();
  const next = page.locator(`[data-day="${after(at, 24 * 7).toDateString()}"]`).locator("[data-entry]", { hasText: "Нина Недельная" });
  await next.click();
  await page.getByText(/once the one before is over/).waitFor();
  assert.equal(await page.getByLabel("When").isDisabled(), true);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Earlier" }).click();
  await entry(page, meeting.id).click();
  await page.getByLabel("Comes again").selectOption({ label: "No" });
  await page.getByRole("button", { name: "Save" }).click();
  await until(async () => (await planOf(meeting.id)).series === null, "it does not come again");
  assert.deepEqual((await planOf(meeting.id)).reminders, [900]);
});

behaviour("a colleague's private contact is only busy", async () => {
  await employee("anna");
  const at = morning();
  const one = await chain();
  const secret = await planned(one.client, at, { subject: "Тайное" }, "anna");
  await ask("PATCH", `/chains/${secret.chain_id}`, { private: true }, "anna");
  await employee("boris");
  await ask("POST", "/teams", { name: "Замерщики", members: ["anna", "boris"] });
  const { page } = await calendar(at, "boris");
  await page.locator("summary", { hasText: "Whose calendar" }).click();
  await page.getByLabel("anna").check();
  await page.locator(".entry.busy").waitFor();
  assert.equal(await page.getByText("Тайное").count(), 0);
});

behaviour("what became of a contact is said in its form, and the month shows it", async () => {
  const at = morning();
  const one = await chain();
  const meeting = await planned(one.client, at);
  const { page } = await calendar(at);
  await entry(page, meeting.id).click();
  await page.getByLabel("Result").fill("Замерили, ждёт смету");
  await page.getByRole("button", { name: "It took place" }).click();
  await until(async () => (await ask("GET", `/interactions/${meeting.id}`)).fact?.result === "Замерили, ждёт смету");
  await page.getByRole("button", { name: "Month" }).click();
  await page.locator(".entry.held", { hasText: "Замер кухни" }).first().waitFor();
});

behaviour("a task reminds as long before as its form says", async () => {
  const { page } = await operator("admin", { path: "/tasks" });
  await page.getByRole("button", { name: "New task" }).click();
  await page.getByLabel("What is to be done").fill("Позвонить вовремя");
  await page.getByLabel("Due").fill("2031-03-03T12:00");
  await page.getByLabel("Remind").selectOption({ label: "10 minutes before" });
  await page.getByRole("button", { name: "Save" }).click();
  const found = await until(async () => (await ask("GET", "/tasks?assignee=admin&limit=100")).items.find((each) => each.title === "Позвонить вовремя"));
  assert.equal(found.reminders[0].before, 600);
});

behaviour("an invitation that came by mail is answered where it is read, and stands in the calendar", async () => {
  const at = morning();
  const moment = (hours) => after(at, hours).toISOString().replace(/[-:]|\.\d+/g, "");
  const [mailbox] = (await ask("GET", "/mailboxes")).items;
  const host = `host${Date.now()}@example.com`;
  const ics = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//x//EN", "METHOD:REQUEST", "BEGIN:VEVENT", `UID:${host}`, `DTSTAMP:${moment(0)}`, `DTSTART:${moment(0)}`, `DTEND:${moment(1)}`, "SUMMARY:Осмотр витрины", `ORGANIZER:mailto:${host}`, `ATTENDEE;RSVP=TRUE:mailto:${mailbox.address}`, "END:VEVENT", "END:VCALENDAR", ""].join("\r\n");
  await ask("POST", `/mailboxes/${mailbox.id}/mails`, [`From: ${host}`, `To: ${mailbox.address}`, `Message-ID: <${host}>`, "Subject: Invitation", "MIME-Version: 1.0", "Content-Type: text/calendar; method=REQUEST; charset=utf-8", "Content-Transfer-Encoding: base64", "", Buffer.from(ics).toString("base64"), ""].join("\r\n"));
  const mail = await until(async () => (await ask("GET", "/interactions?channel=email&limit=100")).items.find((each) => each.invitation?.uid === host), "the invitation is there");
  const { page } = await operator("admin", { path: `/inbox/${mail.chain_id}` });
  const invitation = page.getByRole("region", { name: "Invitation" });
  await invitation.getByText("Осмотр витрины").waitFor();
  await invitation.getByRole("button", { name: "Accept" }).click();
  await invitation.locator("button[aria-pressed=true]", { hasText: "Accept" }).waitFor();
  const answered = await until(async () => (await ask("GET", `/interactions/${mail.id}`)).rsvps.at(-1), "it is answered");
  assert.equal(answered.answer, "accepted");
  assert.equal(await planOf(answered.meeting_id).then((plan) => Date.parse(plan.at)), at.getTime());
});

behaviour("one's calendar is read by other programs at an address that is shown once", async () => {
  const { page } = await operator("admin", { path: "/settings/me" });
  await page.getByRole("button", { name: "New address" }).click();
  const address = await page.getByLabel("Calendar in other programs").inputValue();
  const read = await fetch(address);
  assert.equal(read.status, 200);
  assert.match(await read.text(), /^BEGIN:VCALENDAR/);
  await page.getByRole("button", { name: "Take it back" }).click();
  await until(async () => (await fetch(address)).status === 404, "it is taken back");
});

await run();
