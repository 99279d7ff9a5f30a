/** What a form that is written down as data is made of, and what its values say to the hub. */

/** A field; `name` is the hub's own, with points between parts of parts, so that its refusals stand where they belong. */
export interface FieldSpec {
  name: string;
  label: string;
  kind?: "text" | "password" | "email" | "number" | "date" | "datetime-local" | "time" | "area" | "check" | "choice" | "several" | "heading";
  /** Of a choice, and of several of them: what is kept, and what is said. */
  choices?: readonly (readonly [string, string])[];
  hint?: string;
  placeholder?: string;
  required?: boolean;
  /** Stands beside its neighbours where there is room. */
  short?: boolean;
  /** Characters, at most. */
  most?: number;
}
/** Several are joined by commas. */
export type Values = Record<string, string | boolean>;
export type Body = Record<string, unknown>;

export const several = (value: unknown): string[] => String(value ?? "").split(",").map((one) => one.trim()).filter(Boolean);

/** What is kept, as values of a form: names with points are parts of parts. */
export function flat(stored: Body, within = ""): Values {
  return Object.fromEntries(Object.entries(stored).flatMap(([name, value]): [string, string | boolean][] => {
    const path = within + name;
    const list = Array.isArray(value);
    if (value && typeof value === "object" && (!list || typeof value[0] === "object")) return Object.entries(flat(value as Body, `${path}.`));
    return [[path, typeof value === "boolean" ? value : list ? value.join(",") : String(value ?? "")]];
  }));
}

/** Parts of parts, and, where the next name is a number, lists of them. */
export function put(into: Body, [first, ...rest]: string[], value: unknown): void {
  if (!rest.length) into[first!] = value;
  else put((into[first!] ??= /^\d+$/.test(rest[0]!) ? [] : {}) as Body, rest, value);
}

/** What is filled in; what is empty is left out. */
export function bodyOf(fields: readonly FieldSpec[], values: Values): Body {
  const body: Body = {};
  for (const { name, kind } of fields) {
    const value = values[name] ?? (kind === "check" ? false : "");
    if (kind === "heading" || value === "") continue;
    put(body, name.split("."), kind === "number" ? Number(value) : kind === "several" ? several(value) : value);
  }
  return body;
}

/** Rows of a list whose `key` is filled in, numbered anew; `values` itself where all of them are. */
export function compacted(values: Values, list: string, key: string): Values {
  const rows = new Map<number, Values>();
  for (const [name, value] of Object.entries(values)) {
    const [, place, rest] = new RegExp(`^${list}\\.(\\d+)\\.(.+)$`).exec(name) ?? [];
    if (rest) rows.set(Number(place), { ...rows.get(Number(place)), [rest]: value });
  }
  const kept = [...rows].sort(([one], [other]) => one - other).filter(([, row]) => row[key]);
  if (kept.length === rows.size && kept.every(([place], index) => place === index)) return values;
  const others = Object.entries(values).filter(([name]) => !name.startsWith(`${list}.`));
  return Object.fromEntries([...others, ...kept.flatMap(([, row], index) => Object.entries(row).map(([name, value]) => [`${list}.${index}.${name}`, value] as const))]);
}

/** A line each. */
export const lines = (value: unknown): string[] => String(value ?? "").split("\n").map((one) => one.trim()).filter(Boolean);

/** Where the hub speaks of the whole of a part and its words begin with a field of it, they stand at that field. */
export function placed(errors: Readonly<Record<string, string>>, fields: readonly FieldSpec[], within = ""): Record<string, string> {
  const names = fields.map((field) => field.name);
  return Object.fromEntries(Object.entries(errors).map(([at, words]) => {
    const name = `${at}.`.startsWith(within) ? at.slice(within.length) : at;
    if (names.includes(name)) return [name, words];
    const [, inner, rest] = /^([a-z][a-z0-9_.]*): (.*)$/s.exec(words) ?? [];
    const wanted = inner ? [inner, `${name}.${inner}`] : [];
    const found = wanted.find((one) => names.includes(one)) ?? names.find((one) => wanted.some((part) => one.startsWith(`${part}.`)));
    if (found) return [found, rest!];
    // One of several, by its number.
    const whole = names.find((one) => name.startsWith(`${one}.`));
    return whole ? [whole, `${Number(name.slice(whole.length + 1)) + 1 || ""}: ${words}`] : [name, words];
  }));
}
