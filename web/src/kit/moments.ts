/** Moments and numbers in a person's words. */

import { say } from "../i18n/say.svelte";

const DAY = 86_400_000;

/** In a list: the time of today, the day of this year, else the date. */
export function briefly(at: string): string {
  const then = new Date(at);
  const now = new Date();
  if (then.toDateString() === now.toDateString()) return format(then, { hour: "2-digit", minute: "2-digit" });
  if (now.getTime() - then.getTime() < 6 * DAY && then < now) return format(then, { weekday: "short" });
  if (then.getFullYear() === now.getFullYear()) return format(then, { day: "numeric", month: "short" });
  return format(then, { day: "numeric", month: "short", year: "2-digit" });
}

/** Day and time; in another zone where one is named. */
export function fully(at: string, zone?: string | null): string {
  const how: Intl.DateTimeFormatOptions = { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" };
  try {
    return format(new Date(at), zone ? { ...how, timeZone: zone } : how);
  } catch {
    return format(new Date(at), how);
  }
}

export function timeIn(zone: string): string {
  try {
    return format(new Date(), { hour: "2-digit", minute: "2-digit", timeZone: zone });
  } catch {
    return "";
  }
}

export function dayOf(at: string): string {
  return format(new Date(at), { weekday: "long", day: "numeric", month: "long" });
}

/** Heads of days in a calendar. */
export function dayShort(at: Date): string {
  return format(at, { weekday: "short", day: "numeric" });
}

export function weekday(at: Date): string {
  return format(at, { weekday: "short" });
}

export function timeOf(at: string): string {
  return format(new Date(at), { hour: "2-digit", minute: "2-digit" });
}

/** From one day to another; of a whole month its name. */
export function period(first: Date, last: Date, month: Date | null): string {
  if (month) return format(month, { month: "long", year: "numeric" });
  return new Intl.DateTimeFormat(say.locale, { day: "numeric", month: "long", year: "numeric" }).formatRange(first, last);
}

/** Two dates as the hub writes them, the last one with it. */
export function days(since: string, until: string): string {
  return period(new Date(`${since}T12:00`), new Date(`${until}T12:00`), null);
}

export function sized(bytes: number): string {
  const units = ["byte", "kilobyte", "megabyte"];
  const step = bytes < 1_000 ? 0 : bytes < 1_000_000 ? 1 : 2;
  const value = bytes / 1_000 ** step;
  return new Intl.NumberFormat(say.locale, { style: "unit", unit: units[step]!, maximumFractionDigits: step === 2 ? 1 : 0 }).format(value);
}

export function lasting(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export function counted(value: number): string {
  return new Intl.NumberFormat(say.locale).format(value);
}

/** A decimal as the hub writes it, with its currency. */
export function money(value: string, currency: string): string {
  const digits = Number(value) % 1 ? 2 : 0;
  return new Intl.NumberFormat(say.locale, { style: "currency", currency, maximumFractionDigits: digits, minimumFractionDigits: digits }).format(Number(value));
}

/** For `date`: the day in the browser's zone. */
export function day(at: Date): string {
  return local(at).slice(0, 10);
}

/** For `datetime-local`: the moment in the browser's zone. */
export function local(at: Date): string {
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** The same, in another zone. */
export function localIn(at: string, zone: string): string {
  return new Date(at).toLocaleString("sv-SE", { timeZone: zone }).replace(" ", "T").slice(0, 16);
}

function format(at: Date, how: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(say.locale, how).format(at);
}
