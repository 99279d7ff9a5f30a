/** How one gets in: an app with codes, passkeys, and a role that takes one of them. */

import { createHmac } from "node:crypto";

import { HUB, PASSWORD, ask, assert, axe, behaviour, browser, employee, expect, logIn, operator, run, tab, until } from "./stage.mjs";

/** Browsers bind passkeys to a name. */
const NAMED = HUB.replace("127.0.0.1", "localhost");
const PERIOD = 30;

/** As an authenticator application shows it (RFC 6238); `later` periods ahead. */
function codeOf(secret, later = 0) {
  const bits = [...secret.replace(/=+$/, "")].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 1000 / PERIOD) + later));
  const digest = createHmac("sha1", key).update(counter).digest();
  const number = digest.readUInt32BE(digest[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

const proof = (page) => page.getByLabel("Your password, for any change here");

async function setUpApp(page) {
  await proof(page).fill(PASSWORD);
  await page.getByRole("button", { name: "Set up", exact: true }).click();
  const secret = await page.locator("[data-secret]").innerText();
  await page.getByLabel("Code from your app").fill(codeOf(secret));
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.locator("[data-codes]").waitFor();
  return secret;
}

async function logOut(page) {
  await page.locator(".rail .me").click();
  await page.getByRole("menuitem", { name: "Log out" }).click();
  await page.waitForSelector(".login");
}

behaviour("an app with codes is set up, asked for at the login, and given up", async () => {
  await employee("otto");
  const { page } = await operator("otto", { path: "/settings/me" });
  const secret = await setUpApp(page);
  assert.equal(await page.locator("[data-codes] code").count(), 10);
  if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/factors.png`, fullPage: true });
  await page.getByRole("button", { name: "I have kept them" }).click();
  await logOut(page);
  expect(/401/);
  await page.fill("input[name=login]", "otto");
  await page.fill("input[name=password]", PASSWORD);
  await page.keyboard.press("Enter");
  // The one of now was used: the app shows the next one.
  await page.fill("input[name=code]", codeOf(secret, 1));
  await page.keyboard.press("Enter");
  await page.waitForSelector(".frame");
  await page.goto(`${HUB}/settings/me`);
  await proof(page).fill(PASSWORD);
  await page.getByRole("button", { name: "Remove the app" }).click();
  await page.getByText("Not set up: the password alone lets in.").waitFor();
  await logOut(page);
  await logIn(page, "otto");
});

behaviour("a passkey is added, named, lets in by itself, and is removed", async () => {
  await employee("petra");
  const { page, context } = await operator("petra", { path: "/settings/me", base: NAMED });
  const devtools = await context.newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  await devtools.send("WebAuthn.addVirtualAuthenticator", { options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true } });
  await proof(page).fill(PASSWORD);
  await page.getByLabel("What it is called", { exact: true }).fill("Ноутбук");
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await page.locator("[data-codes]").waitFor();
  const name = () => page.getByLabel(/^What it is called: /);
  assert.equal(await name().inputValue(), "Ноутбук");
  await name().fill("Рабочий ноутбук");
  await name().press("Tab");
  await until(async () => (await page.getByLabel("What it is called: Рабочий ноутбук").count()) === 1, "it has its new name");
  await logOut(page);
  await page.fill("input[name=login]", "petra");
  await page.getByRole("button", { name: "Log in with a passkey" }).click();
  await page.waitForSelector(".frame");
  await page.evaluate(() => { history.pushState(null, "", "/settings/me"); window.dispatchEvent(new PopStateEvent("popstate")); });
  await page.getByText("last used").waitFor();
  await proof(page).fill(PASSWORD);
  await page.getByRole("button", { name: "Remove: Рабочий ноутбук" }).click();
  await page.getByText("None yet.").waitFor();
  await logOut(page);
  await logIn(page, "petra");
});

behaviour("whoever has a role that takes a second factor is led through it, and does nothing before", async () => {
  await ask("PUT", "/roles/guarded", { title: "Под охраной", rights: ["own_account", "read_correspondence", "write_messages", "read_teams"], scopes: { "*": "team" } });
  await employee("rita", "guarded");
  expect(/403/);
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, locale: "en-GB" });
  context.setDefaultTimeout(40_000);
  const page = await tab(context, "/inbox");
  await page.fill("input[name=login]", "rita");
  await page.fill("input[name=password]", PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "One more step" }).waitFor();
  assert.equal(await page.locator(".frame").count(), 0);
  await proof(page).waitFor();
  await page.evaluate(axe);
  assert.deepEqual(await page.evaluate(async () => (await window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"], resultTypes: ["violations"] })).violations.map((each) => each.id)), []);
  if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/bare.png` });
  await setUpApp(page);
  assert.equal(await page.locator(".frame").count(), 0, "the codes are there to be kept");
  await page.getByRole("button", { name: "I have kept them" }).click();
  await page.waitForSelector(".frame");
});

await run();
