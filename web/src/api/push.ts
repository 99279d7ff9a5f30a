/** This browser as one that is told while no page is open. */

import { given, hub } from "./hub";

const WORKER = "/sw.js";
export const able = "serviceWorker" in navigator && "PushManager" in window && window.isSecureContext;

/** The one script that may be named here, where scripts are trusted by their names alone. */
const trusted = (): string => {
  const types = (window as { trustedTypes?: { createPolicy(name: string, rules: object): { createScriptURL(url: string): string } } }).trustedTypes;
  return types?.createPolicy("omnihub-worker", { createScriptURL: () => WORKER }).createScriptURL(WORKER) ?? WORKER;
};
let worker: Promise<ServiceWorkerRegistration> | null = null;
const registered = () => (worker ??= navigator.serviceWorker.register(trusted()).then(() => navigator.serviceWorker.ready));

const KEPT = "omnihub.device";

/** Whether it is one of those that the hub tells: what the browser knows of it alone goes nowhere. */
export async function here(devices: readonly { id: string }[]): Promise<boolean> {
  const known = able ? await navigator.serviceWorker.getRegistration() : undefined;
  const mine = localStorage.getItem(KEPT);
  return Boolean(await known?.pushManager.getSubscription()) && devices.some((one) => one.id === mine);
}

/** Adds it; the browser asks the person first. */
export async function add(key: string, name: string): Promise<void> {
  const { pushManager } = await registered();
  const one = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const { endpoint, keys } = one.toJSON();
  const added = given(await hub.POST("/api/v1/notification-devices", { body: { endpoint: endpoint!, key: keys!["p256dh"]!, secret: keys!["auth"]!, name } }));
  localStorage.setItem(KEPT, added.id);
}

/** What its push service is told from now on goes nowhere. */
export async function remove(): Promise<void> {
  const known = able ? await navigator.serviceWorker.getRegistration() : undefined;
  await (await known?.pushManager.getSubscription())?.unsubscribe();
}

/** Where a person wants to go who chose what he was told. */
export function onchosen(go: (path: string) => void): () => void {
  if (!able) return () => undefined;
  const hear = ({ data }: MessageEvent<{ go?: string }>) => data.go?.startsWith("/") && go(data.go);
  navigator.serviceWorker.addEventListener("message", hear);
  return () => navigator.serviceWorker.removeEventListener("message", hear);
}
