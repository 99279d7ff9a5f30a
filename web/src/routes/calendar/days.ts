/** Days and what lies in them: nothing here knows of the page. */

import type { Entry } from "../../api/hub";

export type Mode = "day" | "week" | "month";

const MINUTE = 60_000;
/** An entry is at least as high as its words, which take so many minutes of the day. */
const SHORTEST = 30;

export function midnight(at: Date): Date {
  return new Date(at.getFullYear(), at.getMonth(), at.getDate());
}

export function plusDays(at: Date, days: number): Date {
  return new Date(at.getFullYear(), at.getMonth(), at.getDate() + days);
}

function monday(at: Date): Date {
  return plusDays(at, -((at.getDay() + 6) % 7));
}

/** The days that are shown: one, a week, or the weeks of a month. */
export function daysOf(mode: Mode, anchor: Date): Date[] {
  if (mode === "day") return [midnight(anchor)];
  const first = monday(mode === "week" ? anchor : new Date(anchor.getFullYear(), anchor.getMonth(), 1));
  const end = mode === "week" ? plusDays(first, 7) : plusDays(monday(new Date(anchor.getFullYear(), anchor.getMonth() + 1, 0)), 7);
  const count = Math.round((end.getTime() - first.getTime()) / 86_400_000);
  return Array.from({ length: count }, (_, number) => plusDays(first, number));
}

export function step(mode: Mode, anchor: Date, by: 1 | -1): Date {
  if (mode === "month") return new Date(anchor.getFullYear(), anchor.getMonth() + by, 1);
  return plusDays(anchor, mode === "day" ? by : 7 * by);
}

export interface Placed {
  entry: Entry;
  /** Minutes since midnight. */
  from: number;
  minutes: number;
  lane: number;
  lanes: number;
}

/** What lies in a day; what lies beside each other shares its width. */
export function placed(entries: readonly Entry[], day: Date): Placed[] {
  const found = entries.map((entry) => within(entry, day)).filter((each) => each !== null);
  found.sort((one, other) => one.from - other.from || other.minutes - one.minutes);
  let group: Placed[] = [];
  let end = 0;
  for (const each of found) {
    if (each.from >= end) {
      share(group);
      [group, end] = [[], 0];
    }
    group.push(each);
    end = Math.max(end, each.from + each.minutes);
  }
  share(group);
  return found;
}

function within(entry: Entry, day: Date): Placed | null {
  const [since, until] = [day.getTime(), plusDays(day, 1).getTime()];
  const start = new Date(entry.at).getTime();
  const end = start + entry.minutes * MINUTE;
  if (start >= until || (end <= since && start < since)) return null;
  const length = (until - since) / MINUTE;
  const from = Math.min(Math.max(0, (start - since) / MINUTE), length - SHORTEST);
  const minutes = Math.max(SHORTEST, (Math.min(end, until) - since) / MINUTE - from);
  return { entry, from, minutes, lane: 0, lanes: 1 };
}

function share(group: Placed[]): void {
  const ends: number[] = [];
  for (const each of group) {
    const free = ends.findIndex((end) => end <= each.from);
    each.lane = free < 0 ? ends.length : free;
    ends[each.lane] = each.from + each.minutes;
  }
  for (const each of group) each.lanes = ends.length;
}
