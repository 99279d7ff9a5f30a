/** What every spec has: a browser, operators in it, and the hub behind them. A console error or a breach of the policy fails. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { chromium } from "playwright-core";

export const HUB = process.env.HUB;
export const PASSWORD = process.env.PASSWORD;
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const SECONDS = 40_000;
/**
 * Whether somebody is logged in is asked before he is, and a live stream that was cut is made anew; the browser writes both into its console.
 * That nothing is lost by a cut is what the behaviours show.
 */
const ASKED = /\/api\/v1\/(me|sessions\/browser|live)$/;

export const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: FLAGS });
const behaviours = [];
let troubles = [];
let expected = [];
let failed = 0;

/** A sentence of the specification, and what shows it. */
export function behaviour(sentence, show) {
  behaviours.push([sentence, show]);
}

/** Console errors that this behaviour is about. */
export function expect(pattern) {
  expected.push(pattern);
}

export async function run() {
  for (const [sentence, show] of behaviours) {
    [troubles, expected] = [[], []];
    try {
      await show();
      assert.deepEqual(troubles.filter((trouble) => !expected.some((pattern) => pattern.test(trouble))), [], "the console is silent");
      console.log(`ok   ${sentence}`);
    } catch (error) {
      failed++;
      console.log(`FAIL ${sentence}\n     ${String(error.stack ?? error).split("\n").slice(0, 14).join("\n     ")}`);
    }
    for (const context of browser.contexts()) await context.close();
  }
  await browser.close();
  process.exit(failed ? 1 : 0);
}

let count = 0;
const tokens = new Map();

/** Asks the hub as somebody, as a program does; a text goes as it is, all else as JSON. */
export async function ask(method, path, body, login = "admin") {
  if (!tokens.has(login)) tokens.set(login, (await plain("POST", "/sessions", { login, password: PASSWORD })).token);
  return plain(method, path, body, tokens.get(login));
}

async function plain(method, path, body, token) {
  const raw = typeof body === "string";
  const headers = { "Content-Type": raw ? "message/rfc822" : "application/json", "Idempotency-Key": crypto.randomUUID(), ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  const answer = await fetch(`${HUB}/api/v1${path}`, { method, headers, ...(body === undefined ? {} : { body: raw ? body : JSON.stringify(body) }) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

/** An employee of the hub; made when he is named first. */
export async function employee(login, role = "operator") {
  const known = await ask("GET", `/employees?limit=500`);
  if (!known.items.some((each) => each.login === login)) await ask("POST", "/employees", { login, name: login[0].toUpperCase() + login.slice(1), role, password: PASSWORD });
  return login;
}

/** A chain with a client's words in it, as the newest of all. */
export async function chain({ name = `Клиент ${++count}`, subject = `Дело ${count} ${process.pid}`, text = "Здравствуйте!" } = {}) {
  const address = `c${Date.now()}${++count}@example.com`;
  const client = await ask("POST", "/clients", { name, addresses: [{ address }] });
  const first = await says(client.id, text, { subject });
  return { id: first.chain_id, client: client.id, subject, name, first: first.id, address };
}

/** The client says something more. */
export async function says(client, text, more = {}) {
  return ask("POST", "/interactions", { type: "email", direction: "in", client_id: client, text, subject: "", ...more });
}

/** A browser of his own, logged in. */
export async function operator(login = "admin", { width = 1360, height = 820, language = "en", theme = "light", path = "/inbox", base = HUB } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, locale: language === "ru" ? "ru-RU" : "en-GB", colorScheme: theme });
  context.setDefaultTimeout(SECONDS);
  await context.addInitScript((code) => { if (window === top) localStorage.setItem("omnihub-language", localStorage.getItem("omnihub-language") ?? code); }, language);
  const page = await tab(context, path, base);
  await logIn(page, login);
  return { page, context };
}

export async function tab(context, path = "/inbox", base = HUB) {
  const page = await context.newPage();
  page.on("pageerror", (error) => troubles.push(`${error.name}: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !ASKED.test(message.location().url)) troubles.push(`${message.text()} ${message.location().url}`);
  });
  await page.goto(`${base}${path}`);
  return page;
}

export async function logIn(page, login) {
  await page.fill("input[name=login]", login);
  await page.fill("input[name=password]", PASSWORD);
  await page.keyboard.press("Enter");
  await page.waitForSelector(".frame");
}

export const row = (page, id) => page.locator(`[data-chain="${id}"]`);
export const box = (page) => page.locator(".composer textarea");

/** Opens a chain from the list, as a person does. */
export async function open(page, id) {
  await row(page, id).click();
  await page.waitForURL(`**/inbox/${id}`);
  await box(page).waitFor();
}

/** Waits until it is so. */
export async function until(look, what = "it comes about") {
  const end = Date.now() + SECONDS;
  let last;
  while (Date.now() < end) {
    last = await look();
    if (last) return last;
    await new Promise((done) => setTimeout(done, 60));
  }
  throw new Error(`${what}: waited in vain, the last was ${JSON.stringify(last)}`);
}

export const axe = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
export { assert };
