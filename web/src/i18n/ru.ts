/** Что страница говорит по-русски. */

import type { Messages } from "./en";
import { plural } from "./plural";

const many = (one: string, few: string, other: string) => plural("ru", { one, few, other });

export const ru: Messages = {
  screens: { inbox: "Входящие", clients: "Клиенты", tasks: "Задачи", calendar: "Календарь", calls: "Звонки", mailings: "Рассылки", money: "Деньги", settings: "Настройки" },
  screens_title: "Разделы",
  login: "Логин", password: "Пароль", code: "Код из приложения или запасной код", log_in: "Войти", with_passkey: "Войти с ключом доступа", log_out: "Выйти",
  wrong_login: "Неверный логин или пароль.", offline: "Хаб недоступен. Проверьте соединение.",
  session_ended: "Сеанс закончился. Всё, что вы набрали, на месте.", log_in_again: "Войдите снова",
  loading: "Загружается …", more: "Показать ещё", try_again: "Повторить", cancel: "Отмена", save: "Сохранить", saved: "Сохранено", remove: "Убрать", add: "Добавить", done: "Готово", none: "Нет", undo: "Вернуть",
  close_dialog: "Закрыть окно", nothing_found: "Ничего не найдено.", type_to_find: "Начните вводить", actions: "Действия", more_actions: "Ещё действия", comment: "Комментарий", text: "Текст", subject: "Тема", at: "Время", source: "Источник", team: "Группа",
  all_commands: "Все команды", keys: "Клавиши", keys_on: "Клавиши выполняют команды", keys_off: "Отключить клавиши", keys_physical: "Важно место клавиши: на русской раскладке они те же.", go_to: "Перейти:", switch_theme: "Светлая или тёмная тема",
  sandbox: "Песочница: сообщения уходят только в симуляторы, наружу ничего.", held: "Хаб удержан: он принимает, но ничего не отправляет.", settings_see: "Что ждёт", new_version: "Вышла новая версия страницы.", load_again: "Загрузить; черновики сохранены", not_connected: "Нет соединения. Набранное сохраняется, страница наверстает сама.",
  factor_needed: "Ещё один шаг", factor_needed_how: "Вашей роли нужен второй фактор: приложение с кодами или ключ доступа. Настройте его и продолжайте.",
  i_am_absent: "Меня нет на месте", i_am_back: "Я на месте",
  view: "Список", saved_views: "Сохранённые", save_view: "Сохранить вид", saved_view: "Сохранённый вид", any: "Любой", next_word: "Следующее слово", awaits: { answer: "за нами", client: "за клиентом", nobody: "ни за кем" }, views_title: "Списки", views: { mine: "Мои", unassigned: "Ничьи", team: "Моих групп", all: "Все", mentions: "Упоминания", review: "Согласовать", snoozed: "Отложенные", drafts: "Черновики", closed: "Закрытые" },
  chains: "Цепочки", chain: "Цепочка", messages: "Сообщения", me: "я", draft: "Черновик", unread: "Не прочитано", no_subject: "(без темы)", withheld: "Конфиденциально", nobody: "Никто", private: "Личная", select_chain: "Выбрать цепочку",
  search: "Поиск", search_hint: "Поиск по сообщениям, Enter", empty_view: "Здесь пусто. Всё разобрано.", choose_chain: "Выберите цепочку, чтобы прочитать", to_move: "вниз и вверх",
  picked: many("выбрана #", "выбрано #", "выбрано #"), pick: "Выбрать цепочку", pick_all: "Выбрать все в списке", pick_none: "Снять выбор",
  new_chains: many("# новая", "# новые", "# новых"), new_messages: many("# новое сообщение", "# новых сообщения", "# новых сообщений"), new_here: "Новое", closed_many: many("закрывается # цепочка", "закрываются # цепочки", "закрываются # цепочек"),
  next: "Следующая цепочка", previous: "Предыдущая цепочка", new_message: "Новое письмо", assign: "Передать", tag: "Метка", snooze: "Отложить", close: "Закрыть", reopen: "Открыть снова", take: "Взять", merge: "Объединить с другой", merge_into: "С какой цепочкой этого клиента объединить?", merged: "Объединено: дальше идёт эта цепочка.", forward: "Переслать", mark_unread: "Отметить непрочитанной", change_subject: "Изменить тему", make_private: "Сделать личной", make_public: "Больше не личная", undo_send: "Вернуть последний ответ",
  assigned: "Передано", tagged: "Метки изменены", snoozed: "Отложено", brought_back: "Возвращено", closed_now: "Закрыто", open_now: "Снова открыто", take_off: "снять", absent: "отсутствует", in_three_hours: "Через три часа", tomorrow: "Завтра утром", day_after: "Послезавтра", next_week: "На следующей неделе", in_a_month: "Через месяц", bring_back: "Вернуть сейчас",
  forward_to: "Кому (эл. почта)", forward_how: "Файлы уйдут вместе с письмом. Ответы третьего лица придут в цепочку рядом, клиент их не увидит.", forwarded: "Переслано",
  states: { open: "Открыта", closed: "Закрыта" }, snoozed_until: "Отложена до", back_to_list: "К списку", about_client: "О клиенте", earlier: "Показать более ранние",
  writes: (names) => `${names}: пишет здесь`,
  split_off: "Выделить в отдельную цепочку", split_ask: many("# сообщение уйдёт в новую цепочку", "# сообщения уйдут в новую цепочку", "# сообщений уйдут в новую цепочку"), split_done: (subject) => `Выделено: ${subject}`, put_back: "Вернуть, где было",
  send_later: "Отправить позже", my_time: "По моему времени", for_him: "У клиента это", his_time: "У клиента", his_clock: "у него",
  reply: "Ответ", note: "Заметка", kind_of_message: "Что написать", reply_text: "Текст ответа", note_text: "Текст заметки", reply_hint: "Напишите ответ …", note_hint: "Только для коллег. @логин сообщит сотруднику.", by_which_channel: "Каким каналом", as_he_wrote: "Как он писал", reply_all: "Ответить всем", copies: "Копии", cc: "Копия", bcc: "Скрытая копия",
  draft_kept: "Черновик сохранён", draft_keeping: "Сохраняется …", draft_here_only: "Пока сохранено только в этом браузере", written_elsewhere: "В другом месте вы написали:", take_that: "Взять то", keep_this: "Оставить это", draft_gone: "Черновик удалён", throw_away: "Удалить",
  overtaken: (who, when) => `${who}: уже есть ответ в ${when}. Ваш текст на месте.`, send_anyway: "Всё равно отправить", look_first: "Сначала посмотреть",
  send: "Отправить", sending: "Отправляется …", send_and_close: "Отправить и закрыть", add_note: "Добавить заметку", attach: "Приложить файлы", not_sent: "Не отправлено.", not_sent_offline: "Не отправлено: хаб недоступен. Текст сохранён.", leaving: "Уйдёт через 10 секунд", will_leave: "Уйдёт в своё время", leaves: "Уйдёт", take_back: "Вернуть",
  channels: { email: "Эл. почта", telegram: "Телеграм", sms: "СМС", call: "Звонок", meeting: "Встреча", note: "Заметка", exchange: "АТС" },
  delivery: { planned: "Запланировано", cancelled: "Возвращено", queued: "Отправляется", unknown: "Неизвестно, дошло ли", failed: "Не доставлено", suppressed: "Не отправлено", sent: "Отправлено", delivered: "Доставлено", read: "Прочитано", bounced: "Вернулось" },
  roles: { from: "От", reply_to: "Ответ на", to: "Кому", cc: "Копия", bcc: "Скрытая копия", host: "Организатор", attendee: "Участник" }, to_all: "Кому:",
  why_here: "Почему здесь", rules: { reference: "Ссылается на сообщение этой цепочки", same_subject: "Та же тема", open_chain: "Единственная открытая цепочка клиента", new_chain: "Новый вопрос", answer: "Наш ответ", forward: "Мы переслали", side_chain: "От третьего лица", subject_changed: "Ответ о другом", split: "Выделил сотрудник", moved: "Перенёс сотрудник", started: "Начали мы", after_closing: "Написано после закрытия", notice: "О нашем сообщении ему", mailing: "Из рассылки", by_hand: "Записал сотрудник" },
  checked: "Проверка отправителя", cautions: { own_name: "Имя сотрудника, а письмо снаружи.", own_address: "Выдаёт себя за нас.", other_address: "В имени другой адрес.", authentication: "Домен отправителя за него не ручается.", reply_elsewhere: "Ответ уйдёт на другой адрес.", mixed_scripts: "Смешаны буквы разных алфавитов.", hidden_characters: "Есть скрытые символы." },
  auto: { "auto-reply": "Автоответ", list: "Список рассылки", bulk: "Массовое", challenge: "Проверка" }, important: "Важно", note_inside: "Заметка",
  invitation: { title: "Приглашение", answer: "Ваш ответ", repeats: "повторяется", says: { accepted: "Принять", tentative: "Возможно", declined: "Отклонить" }, answers: { waiting: "Ответа ещё нет", accepted: "Принято", tentative: "Возможно", declined: "Отклонено" }, methods: { cancel: "Отменено", reply: "Ответ", counter: "Другое время" } },
  offer: "Предложить коллеге", offered: "Предложено", offered_to: (who: string) => `Предложено: ${who}.`, offered_to_me: (who: string) => `${who} предлагает вам эту цепочку.`, accept: "Принять", decline: "Отклонить", decline_why: "Почему нет",
  another_matter: "Тема сменилась. Это другой вопрос?", split_yes: "Да, отдельная цепочка", split_no: "Нет, оставить здесь",
  withheld_content: "Это конфиденциально: содержание видят только владелец и его группы.", quoted: "Цитата", show_rest: "Показать цитаты и подпись", as_sent: "Показать как прислано", as_text: "Показать текст", images_held: many("# внешняя картинка не загружена", "# внешние картинки не загружены", "# внешних картинок не загружено"), images_show: "Загрузить картинки", images_tell: "Отправитель может узнать, что письмо открыли", files: { ready: "", pending: "загружается", failed: "не удалось получить", blocked: "не выдаётся" },
  results: { answered: "Отвечен", missed: "Пропущен", abandoned: "Не дождался", busy: "Занято", failed: "Не удался", voicemail: "Голосовая почта" }, call_goes_on: "Идёт", recording: "Запись", recordings: { pending: "загружается", ready: "готова", failed: "не удалась", removed: "удалена" }, unknown_caller: "Неизвестный номер",
  of_mailing: "Из рассылки", passed_on: "Переслано:", side_chain: "цепочка рядом",
  statuses: { lead: "Лид", customer: "Покупатель", supplier: "Поставщик", partner: "Партнёр", agent: "Посредник", competitor: "Конкурент" }, no_status: "Без статуса", addresses: "Адреса", invalid: "неверный", unreachable: "недоступен", complained: "жаловался", consent: "согласие", no_consent: "отказ",
  open_tasks: "Открытые задачи", deals: "Сделки", claims: "Претензии", last_contacts: "Последние контакты", outcomes: { open: "Открыта", won: "Выиграна", lost: "Проиграна", accepted: "Принята", rejected: "Отклонена" }, titles: { task: "Что сделать", deal: "О чём сделка", claim: "О чём претензия" }, call_him: "Позвонить", calling: "Сначала зазвонит ваш телефон, потом его.",
  whom: "Кому?", no_way: "С этим клиентом нельзя связаться.", sent_to: (name) => `Отправлено: ${name}`,
  rings: "Входящий звонок", perhaps: "возможно", handed_by: (name) => `Передаёт ${name}.`,
  // Клиенты.
  name: "Имя", owner: "Ответственный",
  quick: { title: "Быстрые ответы", add: "Новый быстрый ответ", none: "Быстрых ответов пока нет.", shortcut: "Сокращение", whose: "Чей", own: "Только мой", places: "Что подставит цепочка, и слово на случай, если не знает:" },
  // Календарь.
  calendar: {
    modes: { day: "День", week: "Неделя", month: "Месяц" }, today: "Сегодня", earlier: "Раньше", later: "Позже", whose: "Чей календарь", add: "Запланировать контакт",
    kinds: { meeting: "Встреча", call: "Звонок", letter: "Бумажное письмо", email: "Письмо", sms: "SMS", message: "Сообщение", post: "Почта" },
    states: { planned: "Запланировано", held: "Состоялось", missed: "Не состоялось" },
    when: "Когда", minutes: "Минут", place: "Где", colleagues: "Участвуют коллеги", about: "О чём", kind: "Вид", busy: "Занято", busy_then: (who: string) => `В это время заняты: ${who}`, off_then: (who: string) => `В это время не работают: ${who}`,
    first_free: (when: string) => `Все свободны ${when}`, held: "Состоялось", not_held: "Не состоялось", moved: "Перенесено", more: (count: number) => `ещё ${count}`, cut: "Показано не всё.", nobody_free: "За две недели не нашлось времени, когда свободны все.",
  },
  review: {
    ask: "Попросить коллегу согласовать", whom: "Кто согласует?", needed: "Написанное с этого адреса уходит, когда его согласует коллега.", waits: (who) => `Ждёт согласования: ${who}.`, approved: (who) => `${who}: согласовано, отправляйте без изменений.`, returned: (who) => `${who}: возвращено.`, again: "Попросить снова", withdraw: "Отозвать просьбу",
    title: (who) => `${who}: просит согласовать ответ`, moved: "Автор тем временем изменил текст.", approve: "Согласовать", save_and_approve: "Сохранить и согласовать", give_back: "Вернуть", why: "Что изменить", done: "Согласовано", gone_back: "Возвращено",
  },
  subjects: { title: "Связано с", which: "О чём это", other: "Другое", kind: "Вид (латиницей, как order)", id: "Номер или код там", link: "Связать", kinds: { deal: "Сделка", claim: "Претензия", campaign: "Кампания", order: "Заказ" } },
  bell: {
    title: "Уведомления", unread: many("# непрочитанное", "# непрочитанных", "# непрочитанных"), all_read: "Прочитать все", open: "Открыть", none: "Пока ничего не произошло.", preferences: "Как мне сообщать",
    kinds: { mention: "упоминает вас", assigned: "поручает вам", handover: "Работу предлагают, принимают или отклоняют", client_wrote: "Ваш клиент написал", reminder: "Напоминание", overdue: "Срок прошёл", missed_call: "Пропущенный звонок", approval_asked: "просит согласовать ответ", approved: "согласует ответ", returned: "возвращает ответ", invitation: "Встреча изменилась" },
  },
  change: "Изменить",
  everybody: "Все",
};
