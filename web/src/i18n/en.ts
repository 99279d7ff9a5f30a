/** What the page says in English: its frame, the inbox, and what several screens say. Its shape is what every other language must have. */

import { plural } from "./plural";

const many = (one: string, other: string) => plural("en", { one, other });

export const en = {
  screens: { inbox: "Inbox", clients: "Clients", tasks: "Tasks", calendar: "Calendar", calls: "Calls", mailings: "Mailings", money: "Money", settings: "Settings" } as Record<string, string>,
  screens_title: "Screens",
  login: "Login", password: "Password", code: "Code from your app, or a recovery code", log_in: "Log in", with_passkey: "Log in with a passkey", log_out: "Log out",
  wrong_login: "Login or password is wrong.", offline: "The hub cannot be reached. Check your connection.",
  session_ended: "Your session has ended. What you typed is still here.", log_in_again: "Log in again",
  loading: "Loading …", more: "Show more", try_again: "Try again", cancel: "Cancel", save: "Save", saved: "Saved", remove: "Remove", add: "Add", done: "Done", none: "None", undo: "Undo",
  close_dialog: "Close this", nothing_found: "Nothing found.", type_to_find: "Type to find", actions: "Actions", more_actions: "More actions", comment: "Comment", text: "Text", subject: "Subject", at: "Time", source: "Source", team: "Team",
  all_commands: "All commands", keys: "Keyboard", keys_on: "Keys run commands", keys_off: "Turn keys off", keys_physical: "Keys go by their place: they are the same on a Russian layout.", go_to: "Go to", switch_theme: "Light or dark",
  sandbox: "Sandbox: messages reach simulators only, nobody outside.", held: "This hub is held: it receives, and sends nothing.", settings_see: "See what waits", new_version: "There is a new version of this page.", load_again: "Load it again; your drafts are kept", not_connected: "No connection. What you type is kept; the page catches up by itself.",
  factor_needed: "One more step", factor_needed_how: "Your role takes a second factor: an app that shows codes, or a passkey. Set one up, then go on.",
  i_am_absent: "I am away", i_am_back: "I am back",
  view: "View", saved_views: "Saved", save_view: "Save a view", saved_view: "Saved view", any: "Any", next_word: "The next word is", awaits: { answer: "ours", client: "the client's", nobody: "nobody's" }, views_title: "Views", views: { mine: "Mine", unassigned: "Unassigned", team: "My teams", all: "All", mentions: "Mentions", review: "To approve", snoozed: "Snoozed", drafts: "Drafts", closed: "Closed" },
  chains: "Chains", chain: "Chain", messages: "Messages", me: "me", draft: "Draft", unread: "Unread", no_subject: "(no subject)", withheld: "Confidential", nobody: "Nobody", private: "Private", select_chain: "Select this chain",
  search: "Search", search_hint: "Search messages, Enter", empty_view: "Nothing here. Well done.", choose_chain: "Choose a chain to read it", to_move: "to move",
  picked: many("# selected", "# selected"), pick: "Select the chain", pick_all: "Select all that are listed", pick_none: "Select none",
  new_chains: many("# new", "# new"), new_messages: many("# new message", "# new messages"), new_here: "New", closed_many: many("# chain is being closed", "# chains are being closed"),
  next: "Next chain", previous: "Previous chain", new_message: "New message", assign: "Hand over", tag: "Tag", snooze: "Snooze", close: "Close", reopen: "Reopen", take: "Take", merge: "Merge with another", merge_into: "Merge into which chain of this client?", merged: "Merged: this is the chain that goes on.", forward: "Forward", mark_unread: "Mark as unread", change_subject: "Change the subject", make_private: "Keep private", make_public: "No longer private", undo_send: "Take the last answer back",
  assigned: "Handed over", tagged: "Tags changed", snoozed: "Put aside", brought_back: "Brought back", closed_now: "Closed", open_now: "Open again", take_off: "take off", absent: "away", in_three_hours: "In three hours", tomorrow: "Tomorrow morning", day_after: "The day after tomorrow", next_week: "Next week", in_a_month: "In a month", bring_back: "Bring it back now",
  forward_to: "To whom (e-mail)", forward_how: "Files go along. His answers open a chain beside this one and never reach the client.", forwarded: "Forwarded",
  states: { open: "Open", closed: "Closed" }, snoozed_until: "Snoozed until", back_to_list: "Back to the list", about_client: "About the client", earlier: "Show earlier messages",
  writes: (names: string) => `${names}: is writing here`,
  split_off: "Split off into a chain of its own", split_ask: many("# message goes into a new chain", "# messages go into a new chain"), split_done: (subject: string) => `Split off: ${subject}`, put_back: "Put back where it was",
  send_later: "Send later", my_time: "My time", for_him: "For the client it is", his_time: "His time:", his_clock: "his time",
  reply: "Reply", note: "Note", kind_of_message: "What to write", reply_text: "Text of the reply", note_text: "Text of the note", reply_hint: "Write your answer …", note_hint: "For colleagues only. @login tells somebody.", by_which_channel: "By which channel", as_he_wrote: "As he wrote", reply_all: "Reply to all", copies: "Copies", cc: "Copy to", bcc: "Hidden copy to",
  draft_kept: "Draft kept", draft_keeping: "Keeping …", draft_here_only: "Kept in this browser until the hub answers", written_elsewhere: "You wrote this in another place:", take_that: "Take that", keep_this: "Keep mine", draft_gone: "Draft thrown away", throw_away: "Throw away",
  overtaken: (who: string, when: string) => `${who} answered at ${when}. Your text is still here.`, send_anyway: "Send anyway", look_first: "Look first",
  send: "Send", sending: "Sending …", send_and_close: "Send and close", add_note: "Add note", attach: "Attach files", not_sent: "Not sent.", not_sent_offline: "Not sent: the hub cannot be reached. Your text is kept.", leaving: "Sending in 10 seconds", will_leave: "It leaves at its time", leaves: "Leaves", take_back: "Take back",
  channels: { email: "E-mail", telegram: "Telegram", sms: "SMS", call: "Call", meeting: "Meeting", note: "Note", exchange: "Exchange", post: "Post" } as Record<string, string>,
  delivery: { planned: "Planned", cancelled: "Taken back", queued: "Being sent", unknown: "Unknown whether it arrived", failed: "Not delivered", suppressed: "Not sent", sent: "Sent", delivered: "Delivered", read: "Read", bounced: "Came back" },
  roles: { from: "From", reply_to: "Reply to", to: "To", cc: "Copy", bcc: "Hidden copy", host: "Host", attendee: "Attendee" }, to_all: "To",
  why_here: "Why here", rules: { reference: "It names a message of this chain", same_subject: "The same subject", open_chain: "His only open chain", new_chain: "A new matter", answer: "Our answer", forward: "We passed it on", side_chain: "From somebody beside the client", subject_changed: "An answer about another matter", split: "Taken out by a colleague", moved: "Moved by a colleague", started: "We began it", after_closing: "Written after it was closed", notice: "About a message of ours to him", mailing: "Of a mailing", by_hand: "Written down by a colleague" } as Record<string, string>,
  checked: "Sender checked", cautions: { own_name: "It bears a colleague's name, from outside.", own_address: "It claims to be from us.", other_address: "The name shows another address.", authentication: "The sender's domain does not vouch for it.", reply_elsewhere: "Answers go to another address.", mixed_scripts: "Letters of several alphabets are mixed.", hidden_characters: "It has hidden characters." },
  auto: { "auto-reply": "Automatic reply", list: "Mailing list", bulk: "Bulk mail", challenge: "Challenge" }, important: "Important", note_inside: "Note",
  invitation: { title: "Invitation", answer: "Your answer", repeats: "repeats", says: { accepted: "Accept", tentative: "Perhaps", declined: "Decline" }, answers: { waiting: "No answer yet", accepted: "Accepted", tentative: "Perhaps", declined: "Declined" }, methods: { cancel: "Called off", reply: "Answer", counter: "Another time" } },
  offer: "Offer to a colleague", offered: "Offered", offered_to: (who: string) => `Offered to ${who}.`, offered_to_me: (who: string) => `${who} offers you this chain.`, accept: "Accept", decline: "Decline", decline_why: "Why not",
  another_matter: "The subject changed. Is it another matter?", split_yes: "Yes, a chain of its own", split_no: "No, keep it here",
  withheld_content: "This is confidential: its owner and his teams alone see what it says.", quoted: "Quoted", show_rest: "Show quotes and signature", as_sent: "Show as it was sent", as_text: "Show the text", images_held: many("# image from elsewhere is not loaded", "# images from elsewhere are not loaded"), images_show: "Load images", images_tell: "The sender may learn that the letter was opened", files: { ready: "", pending: "being fetched", failed: "could not be fetched", blocked: "not handed out" },
  results: { answered: "Answered", missed: "Missed", abandoned: "Hung up while waiting", busy: "Busy", failed: "Failed", voicemail: "Voicemail" }, call_goes_on: "In progress", recording: "Recording", recordings: { pending: "being fetched", ready: "ready", failed: "failed", removed: "removed" }, unknown_caller: "Unknown caller",
  of_mailing: "Of the mailing", passed_on: "Passed on to", side_chain: "the chain beside",
  statuses: { lead: "Lead", customer: "Customer", supplier: "Supplier", partner: "Partner", agent: "Agent", competitor: "Competitor" }, no_status: "No status", addresses: "Addresses", invalid: "invalid", unreachable: "unreachable", complained: "complained", consent: "consent", no_consent: "said no",
  open_tasks: "Open tasks", deals: "Deals", claims: "Claims", last_contacts: "Last contacts", outcomes: { open: "Open", won: "Won", lost: "Lost", accepted: "Accepted", rejected: "Rejected" }, titles: { task: "What is to be done", deal: "What the deal is about", claim: "What the claim is about" }, call_him: "Call", calling: "Your phone rings; then his.",
  whom: "To whom?", no_way: "There is no way to reach this client.", sent_to: (name: string) => `Sent to ${name}`,
  rings: "Incoming call", perhaps: "perhaps", handed_by: (name: string) => `Handed over by ${name}.`,
  // Clients.
  name: "Name", owner: "Owner",
  quick: { title: "Quick answers", add: "New quick answer", none: "No quick answers yet.", shortcut: "Shortcut", whose: "Whose", own: "Mine alone", places: "What the chain fills in, with a word for want of it:" },
  // Calendar.
  calendar: {
    modes: { day: "Day", week: "Week", month: "Month" }, today: "Today", earlier: "Earlier", later: "Later", whose: "Whose calendar", add: "Plan a contact",
    kinds: { meeting: "Meeting", call: "Call", letter: "Letter", email: "E-mail", sms: "SMS", message: "Message", post: "Post" } as Record<string, string>,
    states: { planned: "Planned", held: "Took place", missed: "Did not take place" } as Record<string, string>,
    when: "When", minutes: "Minutes", place: "Where", colleagues: "Colleagues who take part", about: "What about", kind: "Kind", busy: "Busy", busy_then: (who: string) => `Busy then: ${who}`, off_then: (who: string) => `Not at work then: ${who}`,
    first_free: (when: string) => `All are free ${when}`, held: "It took place", not_held: "It did not", moved: "Moved", more: (count: number) => `${count} more`, cut: "There is more than is shown here.", nobody_free: "No time at which all are free was found within two weeks.",
    repeats: "Comes again", once: "No", foreseen: "It can be moved and written about once the one before is over.",
    rules: { "FREQ=DAILY": "Every day", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR": "Monday to Friday", "FREQ=WEEKLY": "Every week", "FREQ=WEEKLY;INTERVAL=2": "Every two weeks", "FREQ=MONTHLY": "Every month", "FREQ=YEARLY": "Every year" } as Record<string, string>,
  },
  review: {
    ask: "Ask a colleague to approve it", whom: "Who shall approve it?", needed: "What is written by this account leaves when a colleague has approved it.", waits: (who: string) => `Waits for approval: ${who}.`, approved: (who: string) => `${who} approved it: send it as it is.`, returned: (who: string) => `${who} returned it:`, again: "Ask again", withdraw: "Take the request back",
    title: (who: string) => `${who} asks you to approve this answer`, moved: "Its author changed it meanwhile.", approve: "Approve", save_and_approve: "Save and approve", give_back: "Return", why: "What is to be otherwise", done: "Approved", gone_back: "Returned",
  },
  subjects: { title: "Linked to", which: "What it is about", other: "Something else", kind: "Kind (a word, as order)", id: "Number or id there", link: "Link", kinds: { deal: "Deal", claim: "Claim", campaign: "Campaign", order: "Order" } as Record<string, string> },
  bell: {
    title: "Notifications", unread: many("# unread", "# unread"), all_read: "Mark all as read", open: "Open", none: "Nothing has happened yet.", preferences: "How I am told",
    kinds: { mention: "mentions you", assigned: "hands over to you", handover: "Work is offered, accepted or declined", client_wrote: "Your client wrote", reminder: "Reminder", overdue: "Its time has passed", missed_call: "Missed call", approval_asked: "asks you to approve an answer", approved: "approved the answer", returned: "returned the answer", invitation: "A meeting of yours is new, moved or called off" } as Record<string, string>,
  },
  change: "Change",
  everybody: "Everybody",
};

export type Widened<T> = T extends string ? string : T extends (...given: never[]) => string ? T : { [K in keyof T]: Widened<T[K]> };
export type Messages = Widened<typeof en>;
