/** What stands behind the numbers of lines of a report. */

import type { ReportLine } from "../../api/hub";

/** Of a source, at most. */
export const LIMIT = 500;

/** `exact`: without what lies below these sources, which have lines of their own. */
export async function behind<T extends { path: readonly string[] }>(lines: readonly ReportLine[], exact: boolean, ask: (source: string) => Promise<{ items: readonly T[] }>): Promise<{ items: T[] }> {
  const found: T[] = [];
  for (const line of lines) {
    const { items } = await ask(line.source ?? "");
    found.push(...items.filter((one) => !exact || one.path.join("\n") === line.path.join("\n")));
  }
  return { items: found };
}
