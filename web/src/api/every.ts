/** Lists of the hub that a form needs whole. */

import { given, hub, type Source } from "./hub";

/** Items, at most: what a person still finds in a field. */
const MOST = 20_000;

export async function every<T>(read: (after?: string) => Promise<{ items: T[]; next?: string | null }>): Promise<T[]> {
  const found: T[] = [];
  let after: string | undefined;
  do {
    const page = await read(after);
    found.push(...page.items);
    after = page.next ?? undefined;
  } while (after && found.length < MOST);
  return found;
}

/** Asked for page by page. */
export const at = (after?: string, limit = 500) => ({ params: { query: { limit, ...(after ? { after } : {}) } } });

export type Titled = Source & { title: string };

/** Names from the channel down. */
export function titled(found: readonly Source[]): Titled[] {
  const known = new Map(found.map((each) => [each.id, each]));
  const titleOf = (source: Source): string => {
    const above = source.parent ? known.get(source.parent) : undefined;
    return above ? `${titleOf(above)} › ${source.name}` : source.name;
  };
  const shown = found.filter((each) => !each.into).map((each) => ({ ...each, title: titleOf(each) }));
  return shown.sort((one, other) => one.title.localeCompare(other.title));
}

/** The directory of sources, without those that are read as others. */
export async function sources(): Promise<Titled[]> {
  return titled(await every(async (after) => given(await hub.GET("/api/v1/sources", at(after)))));
}
