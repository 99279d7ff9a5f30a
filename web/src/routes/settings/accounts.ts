/** Forms of mailboxes, bots, numbers and lines: their fields, what they hold, and what is asked of the hub. */

import { given, hub, type Channel } from "../../api/hub";
import { session } from "../../api/session.svelte";
import { say } from "../../i18n/say.svelte";
import { put, type Body as Stored, type FieldSpec, type Values } from "../../kit/fields";

export type Kind = "mailbox" | "bot" | "number" | "line";
export const KINDS: readonly Kind[] = ["mailbox", "bot", "number", "line"];
const PATHS = { mailbox: "/api/v1/mailboxes", bot: "/api/v1/bots", number: "/api/v1/numbers", line: "/api/v1/lines" } as const;

export function kindOf(channel: Channel): Kind | null {
  return ({ email: "mailbox", telegram: "bot", sms: "number", call: "line" } as const)[channel.channel as "email"] ?? null;
}

/** As it is kept; none for a new one. */
export async function read(kind: Kind, id: string): Promise<Stored> {
  return given(await hub.GET(`${PATHS[kind]}/{id}` as "/api/v1/mailboxes/{id}", { params: { path: { id } } })) as unknown as Stored;
}

export async function write(kind: Kind, id: string | null, values: Values, before: Values): Promise<void> {
  const body = bodyOf(kind, values, id === null ? null : before) as never;
  if (id === null) await hub.POST(PATHS[kind] as "/api/v1/mailboxes", { body });
  else await hub.PATCH(`${PATHS[kind]}/{id}` as "/api/v1/mailboxes/{id}", { params: { path: { id } }, body });
}

const words = () => say.more.accounts;
const securities = () => [["tls", "TLS"], ["starttls", "STARTTLS"], ["plain", words().plain]] as const;

function belongs(kind: Kind): FieldSpec[] {
  const teams = session.teams.map((team) => [team.id, team.name] as const);
  return [
    { name: "team", label: say.t.team, kind: "choice", choices: [["", say.t.everybody], ...teams] },
    { name: "others", label: words().others, kind: "choice", choices: Object.entries(words().shown) },
    ...(kind === "line" ? [] : [{ name: "approval", label: words().approval, kind: "check" as const }]),
  ];
}

function server(name: "imap" | "pop" | "smtp", title: string, port: number, fresh: boolean): FieldSpec[] {
  return [
    { name: `${name}-title`, label: title, kind: "heading" },
    { name: `${name}.host`, label: words().host, placeholder: `${name}.example.com`, required: true },
    { name: `${name}.port`, label: words().port, kind: "number", placeholder: String(port), required: true },
    { name: `${name}.security`, label: words().security, kind: "choice", choices: securities() },
    { name: `${name}.user`, label: say.t.login, required: true },
    { name: `${name}.password`, label: say.t.password, kind: "password", required: fresh, hint: fresh ? "" : words().as_before },
  ];
}

/** Which fields, for what is chosen in others of them. */
export function fieldsOf(kind: Kind, values: Values, fresh: boolean, exchanges: readonly { id: string; name: string }[]): FieldSpec[] {
  const name: FieldSpec = { name: "name", label: kind === "mailbox" ? say.more.sender_name : say.t.name };
  const secret = fresh ? "" : words().as_before;
  switch (kind) {
    case "mailbox": {
      const pop = values["way"] === "pop";
      const way: FieldSpec = { name: "way", label: say.more.way_in, kind: "choice", choices: [["imap", "IMAP"], ["pop", "POP3"]] };
      return [
        ...(fresh ? [{ name: "address", label: say.t.channels["email"]!, kind: "email" as const, required: true }] : []), name, ...(fresh ? [way] : []),
        ...(pop ? server("pop", "POP3", 995, fresh) : server("imap", "IMAP", 993, fresh)),
        pop ? { name: "pop.leave", label: say.more.leave_on_server, kind: "check" } : { name: "watch_sent", label: say.more.watch_sent, kind: "check" },
        ...server("smtp", "SMTP", 465, fresh),
        ...(fresh ? [{ name: "only_new", label: say.more.only_new_mail, kind: "check" as const }] : []),
        { name: "signature", label: say.more.signature, kind: "area" }, { name: "auto_reply", label: words().auto_reply, kind: "area" }, { name: "per_hour", label: words().per_hour, kind: "number" },
        ...belongs(kind),
      ];
    }
    case "bot":
      return [
        { name: "token", label: say.more.bot_token, kind: "password", required: fresh, hint: secret }, name,
        { name: "mode", label: words().mode, kind: "choice", choices: Object.entries(words().modes) }, { name: "groups", label: words().groups, kind: "choice", choices: Object.entries(words().group_kinds) },
        ...belongs(kind),
      ];
    case "number":
      return [
        ...(fresh ? [{ name: "address", label: words().number, placeholder: "+74951234567", required: true }] : []), name,
        { name: "provider", label: words().provider, kind: "choice", choices: [...(fresh ? [] : [["", words().as_it_is] as const]), ["twilio", "Twilio"], ["http", words().any_http]] },
        ...providerFields(String(values["provider"] ?? "")),
        { name: "substitute", label: words().substitute, kind: "check" }, { name: "tariff", label: words().tariff },
        ...belongs(kind),
      ];
    case "line":
      return [
        ...(fresh ? [{ name: "number", label: words().number, placeholder: "+74951234567", required: true }] : []), name,
        { name: "exchange", label: words().exchange, kind: "choice", choices: exchanges.map((one) => [one.id, one.name] as const) },
        { name: "queue", label: words().queue, kind: "choice", choices: [["", words().own_team], ...session.teams.map((team) => [team.id, team.name] as const)] },
        { name: "service_level", label: words().level, kind: "number" }, { name: "record", label: words().record, kind: "check" }, { name: "transcribe", label: words().transcribe, kind: "check" }, { name: "retention_days", label: words().retention, kind: "number" },
        ...belongs(kind),
      ];
  }
}

function providerFields(provider: string): FieldSpec[] {
  if (provider === "twilio") {
    return [{ name: "providers.0.twilio.account_sid", label: "Account SID", placeholder: "AC…", required: true }, { name: "providers.0.twilio.auth_token", label: "Auth token", kind: "password", required: true }, { name: "providers.0.twilio.service", label: "Messaging Service", placeholder: "MG…" }];
  }
  if (provider !== "http") return [];
  return [
    { name: "providers.0.http.name", label: say.t.name, placeholder: "smsc", required: true }, { name: "providers.0.http.url", label: words().url, placeholder: "https://sms.example.com/send", required: true },
    { name: "providers.0.http.encoding", label: words().encoding, kind: "choice", choices: [["json", "JSON"], ["form", "form"]] },
    { name: "providers.0.http.headers", label: words().headers, kind: "area", placeholder: "Authorization: …" }, { name: "providers.0.http.body", label: words().body, kind: "area", placeholder: "to: {to}\ntext: {text}" },
  ];
}

/** What a new one begins with. */
export function blank(kind: Kind, exchange: string): Values {
  const ways: Values = { way: "imap", "imap.port": "993", "pop.port": "995", "smtp.port": "465", "imap.security": "tls", "pop.security": "tls", "smtp.security": "tls", "pop.leave": true };
  const own: Record<Kind, Values> = {
    mailbox: ways,
    bot: { mode: "polling", groups: "ignore" },
    number: { provider: "twilio", "providers.0.http.encoding": "json" },
    line: { exchange, service_level: "20", record: true, retention_days: "365" },
  };
  return { ...own[kind], team: "", others: "full", approval: false };
}

const NUMBERS = /(\.port|^per_hour|^service_level|^retention_days)$/;
/** Of the form alone. */
const HELPERS = ["way", "provider", "only_new"];

/** All of a new one; of one that is there what is another than before. */
function bodyOf(kind: Kind, values: Values, before: Values | null): Stored {
  const body: Stored = {};
  for (const field of fieldsOf(kind, values, before === null, [])) {
    const { name } = field;
    const value = values[name];
    if (field.kind === "heading" || HELPERS.includes(name) || name.startsWith("providers.") || value === undefined) continue;
    if (before ? value === (before[name] ?? "") : value === "" && !["team"].includes(name)) continue;
    put(body, name.split("."), NUMBERS.test(name) ? Number(value) : value);
  }
  const provider = String(values["provider"] ?? "");
  if (kind === "number" && provider) body["providers"] = [providerOf(provider, values)];
  if (kind === "mailbox" && values["only_new"]) body["fetch_since"] = new Date().toISOString();
  return body;
}

function providerOf(kind: string, values: Values): Stored {
  const of = (name: string) => String(values[`providers.0.${kind}.${name}`] ?? "");
  if (kind === "twilio") return { kind, account_sid: of("account_sid"), auth_token: of("auth_token"), service: of("service") };
  return { kind, name: of("name"), url: of("url"), encoding: of("encoding") || "json", headers: pairs(of("headers")), body: pairs(of("body")) };
}

/** A line each, as `name: value`. */
function pairs(text: string): Record<string, string> {
  return Object.fromEntries(text.split("\n").filter((line) => line.includes(":")).map((line) => [line.slice(0, line.indexOf(":")).trim(), line.slice(line.indexOf(":") + 1).trim()]));
}
