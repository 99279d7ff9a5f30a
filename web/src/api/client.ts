/** The hub's API, typed by its own description (schema.d.ts, written by `make api`). */

import createClient, { type Client, type Middleware } from "openapi-fetch";

import type { components, paths } from "./schema";

export type Problem = components["schemas"]["Problem"];
export type Hub = Client<paths>;

/** What the hub answers when it does not do what was asked: why, and which field to mend how. */
export class Refused extends Error {
  constructor(
    readonly problem: Problem,
    readonly response: Response,
  ) {
    super(problem.detail);
    this.name = "Refused";
  }
}

const READS = new Set(["GET", "HEAD"]);
/** What says that the hub starts, or that a proxy does not reach it. */
const AWAY = new Set([502, 503, 504]);
/** Milliseconds after which a read that was cut is read again. */
const PAUSES = [300, 1_000, 3_000];

/** A read that is cut is read again; of a write its caller decides. */
async function steadily(request: Request): Promise<Response> {
  for (const pause of READS.has(request.method) ? PAUSES : []) {
    const answer = await fetch(request.clone()).catch(() => null);
    if (answer && !AWAY.has(answer.status)) return answer;
    if (request.signal.aborted) break;
    await new Promise((done) => setTimeout(done, pause));
  }
  return fetch(request);
}

/** A write that is sent again, because no answer came, is done once. */
const once: Middleware = {
  onRequest({ request }) {
    if (!READS.has(request.method) && !request.headers.has("Idempotency-Key")) {
      request.headers.set("Idempotency-Key", crypto.randomUUID());
    }
    return request;
  },
};

const refused: Middleware = {
  async onResponse({ response }) {
    if (!response.ok) {
      throw new Refused(await problemOf(response), response);
    }
    return response;
  },
};

/** A client of the hub at `url`; in a browser of our own page, whose cookie is the session, without one. */
export function hub(url = "", token?: string): Hub {
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const client = createClient<paths>({ baseUrl: url, credentials: "same-origin", headers, fetch: steadily });
  client.use(once, refused);
  return client;
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    return (await response.json()) as Problem;
  } catch {
    // A proxy before the hub has words of its own.
    return { type: "about:blank", title: response.statusText, status: response.status, detail: response.statusText };
  }
}
