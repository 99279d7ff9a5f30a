/** The one client of this page, and the names of what it is told. */

import { hub as connect, Refused } from "./client";
import type { components } from "./schema";

export { Refused };
export const hub = connect(location.origin);

type Schemas = components["schemas"];
export type Row = Schemas["RowView"];
export type Chain = Schemas["ChainView"];
export type Interaction = Schemas["InteractionView"];
export type Client = Schemas["ClientView"];
export type Piece = Schemas["PieceView"];
export type Draft = Schemas["DraftView"];
export type Task = Schemas["TaskView"];
export type Entry = Schemas["EntryView"];
export type MoneyReport = Schemas["MoneyReportView"];
export type ReportLine = Schemas["SourceLineView"];
export type Source = Schemas["CampaignsSourceView"];
export type Cost = Schemas["CostView"];
export type Plan = Schemas["CampaignsPlanView"];
export type Comparison = Schemas["ComparisonView"];
export type MarketingEvent = Schemas["EventView"];
export type WholeEvent = Schemas["WholeEventView"];
export type EventGuest = Schemas["CampaignsGuestView"];
export type LeadForm = Schemas["FormView"];
export type SourcePolicy = Schemas["PolicyView"];
export type WarmUp = Schemas["WarmUpView"];
export type WarmUpStatus = Schemas["WarmUpStatusView"];
export type Agent = Schemas["AgentView"];
export type Board = Schemas["Board"];
export type CallList = Schemas["CallListView"];
export type CallEntry = Schemas["CampaignsEntryView"];
export type ScriptPlace = Schemas["PlaceView"];
export type SavedView = Schemas["CountedView"];
export type QuickAnswer = Schemas["QuickAnswerView"];
export type Filled = Schemas["FilledView"];
export type Outcome = Schemas["OutcomeView"];
export type Way = Schemas["WayView"];
export type Employee = Schemas["EmployeeView"];
export type Notification = Schemas["NotificationView"];
export type Preferences = Schemas["PreferencesView"];
export type Team = Schemas["TeamView"];
export type Me = Schemas["MeView"];
export type Right = Schemas["Right"];
export type Attachment = Schemas["AttachmentView"];
export type Counts = Schemas["QueueCounts"];
export type Mailing = Schemas["MailingView"];
export type Template = Schemas["TemplateView"];
export type Segment = Schemas["SegmentView"];
export type Job = Schemas["JobView"];
export type Channel = Schemas["ChannelView"];
export type Classification = Schemas["ClassificationView"];
export type ClassRun = Schemas["ClassRunView"];
export type ClassMatrix = Schemas["ClassMatrixView"];
export type ClassGroup = Schemas["ClassGroupView"];
export type ClassMoves = Schemas["ClassMovesView"];
export type Sequence = Schemas["SequenceView"];
export type SequenceRun = Schemas["SequenceRunView"];
export type SequenceStatistics = Schemas["SequenceStatisticsView"];
export type Condition = Schemas["Condition"];

/** What `fetch` gives is there, or it threw. */
export function given<T>(answer: { data?: T }): T {
  return answer.data as T;
}

/** Whether nothing leaves this hub: said by its health, which is no part of the API. */
export async function inSandbox(): Promise<boolean> {
  const answer = await fetch("/healthz");
  return answer.ok && ((await answer.json()) as { sandbox: boolean }).sandbox;
}

/** Those of the items that these ids name, in the order of the ids. */
export function inOrder<T>(ids: readonly string[], items: readonly T[], idOf: (item: T) => string): T[] {
  const found = new Map(items.map((item) => [idOf(item), item]));
  return ids.map((id) => found.get(id)).filter((item) => item !== undefined);
}

/** A person's words for what went wrong; the hub says them itself. */
export function reasonOf(error: unknown): string {
  if (error instanceof Refused) {
    const fields = Object.entries(error.problem.errors ?? {}).map(([field, words]) => `${field}: ${words}`);
    return [error.problem.detail, ...fields].join(" · ");
  }
  return error instanceof TypeError ? "offline" : String(error);
}

/** Sends a file; its progress is told from 0 to 1. */
export function upload(file: File, progress: (part: number) => void): Promise<Attachment> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/api/v1/attachments?filename=${encodeURIComponent(file.name)}`);
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    request.setRequestHeader("Idempotency-Key", crypto.randomUUID());
    request.upload.onprogress = (event) => progress(event.loaded / (event.total || 1));
    request.onerror = () => reject(new TypeError("the connection broke"));
    request.onload = () => {
      const body = JSON.parse(request.responseText || "{}");
      if (request.status === 201) resolve(body as Attachment);
      else reject(new Error(body.detail ?? request.statusText));
    };
    request.send(file);
  });
}

/** Data of `call.ringing.v1`: who may be calling, as far as one sees them. */
export interface Ring {
  interaction_id: string;
  login: string;
  phone: string;
  state: "ringing" | "over";
  caller: string;
  name: string;
  line: { name: string; number: string } | null;
  clients: { client_id: string; name: string; sure: boolean; chains: { id: string; title: string }[]; tasks: { id: string; title: string }[] }[];
  handed_by: string | null;
  note: string;
}
