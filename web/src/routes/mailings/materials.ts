/** What mailings and sequences are made of: templates, segments, topics of consent, and the accounts that send. */

import { given, hub, type Segment, type Template } from "../../api/hub";

export type Topic = { id: string; title: Record<string, string> };
export type Account = { id: string; channel: string; title: string };
export type Materials = { templates: Template[]; segments: Segment[]; topics: Topic[]; accounts: Account[] };

export async function materials(): Promise<Materials> {
  const query = { params: { query: { limit: 200 } } };
  const [templates, segments, topics, channels] = await Promise.all([hub.GET("/api/v1/templates", query).then(given), hub.GET("/api/v1/segments", query).then(given), hub.GET("/api/v1/topics").then(given), hub.GET("/api/v1/channels").then(given)]);
  return {
    templates: templates.items,
    segments: segments.items,
    topics: topics.items as never,
    accounts: channels.items.map((each) => ({ id: each.id, channel: each.channel, title: each.name || each.address })),
  };
}
