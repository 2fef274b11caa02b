// The page's words, in English and Russian, by the browser's language.

const EN = {
  title: "Simulator inbox", sections: "Sections", messages: "Messages", limits: "Limits",
  contacts: "Contacts", settings: "Settings", skip: "Skip to the messages",
  filter: "Filter messages", filterHint: "Filter: to:42 verdict:refused text:order",
  quick: "Quick filters", all: "All", allRequests: "All requests", clear: "Clear",
  clearSure: "Forget all messages? Limits, contacts and the referee's log stay.",
  help: "Filters and keys", details: "Message",
  filterWrong: "{message}",
  empty: "No message yet. Send one to the simulator, and it appears here.",
  emptyFilter: "No message is meant by this filter.",
  connecting: "Connecting…", live: "Live", offline: "Not connected",
  count_one: "{n} message", count_many: "{n} messages", countMost: "the newest {n} messages",
  choose: "Choose a message to see its request and why it was accepted or refused.",
  back: "Back to the list", gone: "This message is no longer kept.",
  to: "To", from: "From", nobody: "Nobody", bot: "bot {id}", contact: "contact {id}",
  noText: "no text", image: "Image", file: "File", neverFetched: "shown as text, never fetched",
  time: "Time", method: "Method", messenger: "Messenger", botLabel: "Bot", contactLabel: "Contact",
  status: "HTTP status", faultLabel: "Fault", delivered: "Delivered", yes: "yes", no: "no",
  noAnswer: "no valid answer", why: "Why", fieldErrors: "What the server says of each field",
  windows: "Limits at that moment", windowNow: "Limit now",
  accountWindow: "The whole account",
  slots: "{used} of {limit} in {period} s", nextFree: "next slot free in {s} s", allFree: "all free",
  thisOne: "this message", tooMuch: "refused: no slot was free",
  request: "Request as it came", answer: "Answer", parameters: "Parameters",
  withheldLong: "The body is {size} bytes long; the rest is not shown.",
  withheldSecret: "The body is not shown: a token might be left in it.",
  notRead: "No HTTP request could be read.", faultAnswer: "The fault came instead of the answer.",
  refresh: "The last {s} seconds", pause: "Pause", resume: "Go on", arrivals_one: "{n} arrival", arrivals_many: "{n} arrivals",
  refusedCount: "{n} refused by a limit", most: "at most {n} in any {period} s",
  noLimit: "no limit", stripLabel: "Arrivals in the last minute; the dashed line is the limit",
  ago: "{s} s ago", now: "now", noKeys: "Nothing has arrived yet.", leftOut: "{n} more, silent for longer, are not shown.",
  searchContacts: "Search contacts", addContact: "Add a contact", add: "Add", more: "Show more",
  noContacts: "No contacts are listed. Where everybody is a contact, those are listed that were named.",
  botId: "Bot id", externalId: "Id in the messenger", name: "Name", phone: "Phone",
  tags: "Tags", tagsHint: "comma-separated", variables: "Variables", variablesHint: "name=value, one a line",
  write: "Write to the bot", writeText: "What {who} writes to the bot", send: "Send", written: "Sent to the bot.",
  added: "Contact {id} was added.",
  faults: "Faults", noFaults: "No fault is armed.", addFault: "Add a fault", kind: "What goes wrong",
  struck_one: "struck {n} time", struck_many: "struck {n} times", remove: "Remove", removeAll: "Remove all faults",
  taken: "The message is taken before", which: "Which requests", each: "each", chance: "by chance", nth: "only number",
  everyNth: "every Nth", value: "Number", endpoint: "Method", anyEndpoint: "any", times: "At most times",
  statusOption: "Status", secondsOption: "Seconds", retryAfterOption: "Retry-After", python: "Set in Python.",
  latency: "Latency", latencyHint: "Each way: none, 50ms, 20ms-80ms, lognormal:50ms:1.0", set: "Set", saved: "Set.",
  quotas: "Limits", window: "How they are counted", sliding: "sliding window", fixed: "fixed window", bucket: "token bucket",
  requestsIn: "requests in", seconds: "seconds", others: "other messengers", direct: "sendMessageToWhatsApp",
  account: "account", on: "on", newMessenger: "Add a messenger", failed: "That did not work", changedElsewhere: "Another page changed this; it is shown anew.",
  pythonFaults: "A fault was set in Python and cannot be kept here. Remove all faults first.",
  received: "Received", call: "Request",
  v_accepted: "Accepted", v_invalid: "Invalid", v_refused_messenger: "Over limit", v_refused_account: "Account limit",
  v_unauthenticated: "Wrong token", v_forbidden: "Forbidden", v_unsupported: "Unsupported", v_missing: "Not found",
  v_not_found: "No such method", v_wrong_method: "Wrong method", v_too_large: "Too large", v_malformed: "No HTTP",
  v_incomplete: "Incomplete", v_fault: "Fault",
  w_accepted: "The server took it.", w_received: "The contact wrote this to its bot.",
  w_invalid: "The server refuses its parameters.",
  w_refused_messenger: "This bot and messenger had used all slots of the limit.",
  w_refused_account: "The account had used all slots of a limit.",
  w_unauthenticated: "The token is missing or wrong.", w_forbidden: "The account has no access to this bot.",
  w_unsupported: "Nothing can be sent to this messenger.", w_missing: "What an id names does not exist.",
  w_not_found: "The API has no such method.", w_wrong_method: "The method takes another HTTP method.",
  w_too_large: "The body is larger than the server reads.", w_malformed: "The bytes are no HTTP request.",
  w_incomplete: "The client left before its request was whole.",
  w_fault: "The fault {fault} struck before the server looked at the request.",
  w_taken: "The fault {fault} struck after the server had worked on the request.",
  h_words: "all words must be in it; \"two words\" keep together; -word must not be",
  h_bot: "id of the bot", h_messenger: "telegram, whatsapp, …", h_to: "id, phone number or name",
  h_text: "in the text only", h_verdict: "accepted, refused, invalid, fault, …", h_after: "10m, 14:30, 2026-01-31",
  h_fault: "any, hang, reset_after, …", h_kind: "sent, received, call, any",
  k_search: "go to the filter", k_move: "choose a message", k_open: "read it", k_back: "back to the list",
};

const RU = {
  title: "Сообщения симулятора", sections: "Разделы", messages: "Сообщения", limits: "Лимиты",
  contacts: "Контакты", settings: "Настройки", skip: "К сообщениям",
  filter: "Фильтр сообщений", filterHint: "Фильтр: to:42 verdict:refused text:заказ",
  quick: "Быстрые фильтры", all: "Все", allRequests: "Все запросы", clear: "Очистить",
  clearSure: "Забыть все сообщения? Лимиты, контакты и журнал судьи останутся.",
  help: "Фильтры и клавиши", details: "Сообщение",
  filterWrong: "Фильтр не понят, позиция {column}. Бывают: after, before, bot, fault, kind, messenger, method, text, to, verdict; другие слова с двоеточием пишут в кавычках.",
  empty: "Сообщений пока нет. Отправьте сообщение симулятору, и оно появится здесь.",
  emptyFilter: "Под этот фильтр ничего не подходит.",
  connecting: "Подключение…", live: "На связи", offline: "Нет связи",
  count_one: "{n} сообщение", count_few: "{n} сообщения", count_many: "{n} сообщений", countMost: "последние {n} сообщений",
  choose: "Выберите сообщение: здесь будет его запрос и причина, по которой оно принято или отклонено.",
  back: "К списку", gone: "Это сообщение больше не хранится.",
  to: "Кому", from: "От", nobody: "Никому", bot: "бот {id}", contact: "контакт {id}",
  noText: "без текста", image: "Изображение", file: "Файл", neverFetched: "показано текстом, не загружается",
  time: "Время", method: "Метод", messenger: "Мессенджер", botLabel: "Бот", contactLabel: "Контакт",
  status: "Статус HTTP", faultLabel: "Сбой", delivered: "Доставлено", yes: "да", no: "нет",
  noAnswer: "нет правильного ответа", why: "Почему", fieldErrors: "Что сервер говорит о полях",
  windows: "Лимиты в тот момент", windowNow: "Лимит сейчас",
  accountWindow: "Весь аккаунт",
  slots: "{used} из {limit} за {period} с", nextFree: "место освободится через {s} с", allFree: "все свободны",
  thisOne: "это сообщение", tooMuch: "отказ: свободных мест не было",
  request: "Запрос, как он пришёл", answer: "Ответ", parameters: "Параметры",
  withheldLong: "Тело запроса — {size} байт; остальное не показано.",
  withheldSecret: "Тело не показано: в нём мог остаться токен.",
  notRead: "Запрос HTTP прочитать не удалось.", faultAnswer: "Вместо ответа случился сбой.",
  refresh: "Последние {s} секунд", pause: "Остановить", resume: "Продолжить", arrivals_one: "{n} запрос", arrivals_few: "{n} запроса", arrivals_many: "{n} запросов",
  refusedCount: "отклонено из-за лимита: {n}", most: "не более {n} за любые {period} с",
  noLimit: "без лимита", stripLabel: "Запросы за последнюю минуту; пунктир — лимит",
  ago: "{s} с назад", now: "сейчас", noKeys: "Пока ничего не пришло.", leftOut: "Ещё {n}, молчащих дольше, не показаны.",
  searchContacts: "Поиск контактов", addContact: "Добавить контакт", add: "Добавить", more: "Показать ещё",
  noContacts: "Контактов в списке нет. Когда контактом считается любой, в списке те, кого уже называли.",
  botId: "Id бота", externalId: "Id в мессенджере", name: "Имя", phone: "Телефон",
  tags: "Теги", tagsHint: "через запятую", variables: "Переменные", variablesHint: "имя=значение, по одной в строке",
  write: "Написать боту", writeText: "Что {who} пишет боту", send: "Отправить", written: "Отправлено боту.",
  added: "Контакт {id} добавлен.",
  faults: "Сбои", noFaults: "Сбои не заданы.", addFault: "Добавить сбой", kind: "Что случится",
  struck_one: "случился {n} раз", struck_few: "случился {n} раза", struck_many: "случился {n} раз", remove: "Убрать", removeAll: "Убрать все сбои",
  taken: "Сообщение до этого принято", which: "С какими запросами", each: "с каждым", chance: "случайно", nth: "только с номером",
  everyNth: "с каждым N-м", value: "Число", endpoint: "Метод", anyEndpoint: "любой", times: "Не более раз",
  statusOption: "Статус", secondsOption: "Секунды", retryAfterOption: "Retry-After", python: "Задано в Python.",
  latency: "Задержка", latencyHint: "В каждую сторону: none, 50ms, 20ms-80ms, lognormal:50ms:1.0", set: "Задать", saved: "Задано.",
  quotas: "Лимиты", window: "Как они считаются", sliding: "скользящее окно", fixed: "фиксированное окно", bucket: "ведро токенов",
  requestsIn: "запросов за", seconds: "секунд", others: "другие мессенджеры", direct: "sendMessageToWhatsApp",
  account: "аккаунт", on: "вкл.", newMessenger: "Добавить мессенджер", failed: "Не получилось", changedElsewhere: "Другая страница это изменила; показано заново.",
  pythonFaults: "Один из сбоев задан в Python, сохранить его здесь нельзя. Сначала уберите все сбои.",
  received: "Входящее", call: "Запрос",
  v_accepted: "Принято", v_invalid: "Ошибка данных", v_refused_messenger: "Сверх лимита", v_refused_account: "Лимит аккаунта",
  v_unauthenticated: "Неверный токен", v_forbidden: "Нет доступа", v_unsupported: "Не поддержано", v_missing: "Не найдено",
  v_not_found: "Нет метода", v_wrong_method: "Не тот метод", v_too_large: "Слишком велико", v_malformed: "Не HTTP",
  v_incomplete: "Оборвано", v_fault: "Сбой",
  w_accepted: "Сервер принял его.", w_received: "Контакт написал это своему боту.",
  w_invalid: "Сервер не принимает параметры.",
  w_refused_messenger: "У этого бота в этом мессенджере не осталось мест в лимите.",
  w_refused_account: "У аккаунта не осталось мест в лимите.",
  w_unauthenticated: "Токена нет, или он неверный.", w_forbidden: "У аккаунта нет доступа к этому боту.",
  w_unsupported: "В этот мессенджер отправить нельзя.", w_missing: "Того, на что указывает id, нет.",
  w_not_found: "Такого метода в API нет.", w_wrong_method: "Этот метод вызывают другим методом HTTP.",
  w_too_large: "Тело больше, чем читает сервер.", w_malformed: "Эти байты — не запрос HTTP.",
  w_incomplete: "Клиент ушёл, не дослав запрос.",
  w_fault: "Сбой {fault} случился раньше, чем сервер посмотрел на запрос.",
  w_taken: "Сбой {fault} случился после того, как сервер обработал запрос.",
  h_words: "все слова должны быть; \"два слова\" — вместе; -слово — не должно быть",
  h_bot: "id бота", h_messenger: "telegram, whatsapp, …", h_to: "id, номер или имя",
  h_text: "только в тексте", h_verdict: "accepted, refused, invalid, fault, …", h_after: "10m, 14:30, 2026-01-31",
  h_fault: "any, hang, reset_after, …", h_kind: "sent, received, call, any",
  k_search: "к фильтру", k_move: "выбрать сообщение", k_open: "прочитать его", k_back: "к списку",
};

const wanted = navigator.languages.find((one) => /^(ru|en)\b/i.test(one)) ?? "en";
export const language = /^ru/i.test(wanted) ? "ru" : "en";
const texts = language === "ru" ? RU : EN;
const plural = new Intl.PluralRules(language);

/** A text, with `{name}` replaced by values. */
export function t(key, values = {}) {
  const text = texts[key] ?? EN[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** A text that counts something: `count_one`, `count_few`, `count_many`. */
export function counted(key, n) {
  const form = `${key}_${plural.select(n)}`;
  return t(form in texts ? form : `${key}_many`, { n: n.toLocaleString(language) });
}

/** Whether the page knows a text. */
export const knows = (key) => key in EN;

/** Put the words into the page that was loaded. */
export function translate(root) {
  document.documentElement.lang = language;
  document.title = t("title");
  for (const node of root.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of root.querySelectorAll("[data-label]")) {
    node.setAttribute("aria-label", t(node.dataset.label));
  }
  for (const node of root.querySelectorAll("[data-hint]")) node.placeholder = t(node.dataset.hint);
}
