/** Tells of what happened while no page of the hub is looked at; what it is stands there, behind its login. */

const pages = () => self.clients.matchAll({ type: "window", includeUncontrolled: true });

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("push", (event) => event.waitUntil(tell(event.data ? event.data.json() : {})));
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(go(event.notification.data));
});

/** A page that is looked at tells it by itself; one in the background with the same tag, so that it is one. */
async function tell({ id, title, path, lang }) {
  if (!title || (await pages()).some((page) => page.focused)) return;
  await self.registration.showNotification(title, { tag: id, lang, data: path });
}

async function go(path) {
  const [page] = await pages();
  if (!page) return self.clients.openWindow(path);
  await page.focus();
  page.postMessage({ go: path });
}
