/** Does something that the hub may refuse, and says so in its words. */

import { reasonOf } from "../api/hub";
import { say } from "../i18n/say.svelte";
import { toasts } from "./toasts.svelte";

/** What it gave, or undefined where it was refused; `done` is said when it was not. */
export async function attempt<T>(work: () => Promise<T>, done = ""): Promise<T | undefined> {
  try {
    const result = await work();
    if (done) toasts.show(done);
    return result;
  } catch (error) {
    const reason = reasonOf(error);
    toasts.show(reason === "offline" ? say.t.offline : reason, { kind: "bad" });
    return undefined;
  }
}
