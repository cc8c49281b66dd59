// Everything the page says, in each language that it speaks.

const WORDS = {
  en: {
    skip: "Skip to the content", views: "Views", theme: "Colours: {name}", "theme.system": "as the system", "theme.light": "light", "theme.dark": "dark", key: "Key", help: "Keys",
    close: "Close", yes: "Yes", no: "No", before: "Previous", after: "Next", up: "ready", down: "not answering",
    "view.try": "Try", "view.catalogue": "Catalogue", "view.models": "Models", "view.live": "Live",
    "try.title": "What would they like?", "try.user": "User", "try.user.hint": "an id, known or new",
    "try.history": "or what they chose, oldest first", "try.history.hint": "type a title to add an item",
    "try.found": "Items found", "try.query": "or in words", "try.query.hint": "a slow, warm film for a rainy evening",
    "try.k": "Length", "try.diversity": "Variety", "try.ask": "Recommend", "try.past": "What they did lately",
    "try.list": "Recommended", "try.start": "Ask for somebody, for what they chose, or in words. “Chose it” is a real event: watch the list change.",
    "try.example.new": "Try with somebody new", "try.example.history": "Try with two items by chance",
    "try.about": "{n} items in {ms} ms from {model}", "try.none": "Nothing to recommend is left.",
    "try.after": "after “{title}”: {n} new, {moved} moved", "try.decisions": "What the policy did",
    "try.click": "Chose it", "try.why": "Why?", "try.like": "More like it", "try.new": "new", "try.remove": "Remove {title}",
    "try.like.title": "Like “{title}”", "try.no.past": "Nothing told to this service yet.",
    "try.up": "up by {n}", "try.down": "down by {n}", "why.about": "By how much the score would fall without it",
    "why.none": "No single thing explains it.", "why.barred": "Would not be listed: {why}",
    "catalogue.title": "Catalogue", "catalogue.find": "Title or id", "catalogue.about": "{from} to {to} of {total}",
    "catalogue.none": "Nothing has these letters.", "catalogue.similar": "Like it", "catalogue.try": "Add to a history", "catalogue.no.similar": "This model cannot tell.",
    "models.title": "Models", "models.name": "Version", "models.kind": "Model", "models.added": "Added",
    "models.figures": "Trained on", "models.stands": "Stands", "models.do": "Do", "models.current": "answers",
    "models.previous": "before", "models.promote": "Let it answer", "models.reload": "Take the run in again",
    "models.rollback": "Roll back", "models.history": "What was done",
    "models.sure.promote": "Let {name} answer from now on? It is asked its golden questions first.",
    "models.sure.reload": "Read the run's folder again and let it answer, if it passes its golden questions?",
    "models.sure.rollback": "Let {name} answer again?",
    "models.done": "{name} answers.",
    "models.found": "Loaded in {load} s; its slowest question took {slowest} ms; {memory} MiB of memory.",
    "models.users": "{n} users", "models.items": "{n} items", "models.events": "{n} events",
    "experiment.title": "Experiment", "experiment.arm": "Arm", "experiment.users": "Users that count", "experiment.mean": "Mean",
    "experiment.gap": "Against the first, at any time", "experiment.runs": "{name} runs since {since}; {waiting} users wait for the end of their window",
    "experiment.ran": "{name} ran from {since} to {over}", "experiment.early": "too early",
    "did.added": "taken in", "did.promoted": "answers", "did.rolled_back_to": "rolled back to", "did.refused": "refused",
    "live.title": "Now", "live.events": "Events as they come in", "live.pause": "Pause", "live.on": "Go on",
    "live.changed": "What has changed", "live.changed.none": "Nothing: people do what they did when the watching began.",
    "live.changed.early": "What is usual is still being learned.", "live.changed.off": "Nobody watches here.",
    "live.changed.since": "since {since}", "live.changed.over": "from {since} to {over}",
    "live.none": "Nothing has happened yet.", "live.model": "Model", "live.items": "Items", "live.seq": "Changes kept",
    "live.pending": "Items being read", "live.failed": "Items not readable", "live.uptime": "Up for", "live.hits": "Vectors from memory",
    "live.rate.events": "Changes a second", "live.rate.lists": "Lists a second", "live.milliseconds": "Milliseconds a list",
    "live.item": "item put", "live.user": "user put", "live.erased": "user erased",
    "key.title": "Key of the service", "key.about": "Kept in this tab only, until it is closed. The console needs scope read; recording choices needs ingest, models and live need admin.",
    "key.use": "Use it", "key.forget": "Forget it",
    "help.views": "the four views", "help.find": "to the first field", "help.move": "up and down the list",
    "help.choose": "chose the item", "help.why": "why the item", "help.help": "this help", "help.on": "These keys work",
    "error.network": "The service does not answer. Is it running?",
    "error.unsupported": "The model that answers cannot do this. Words, and items like one, need a model that reads or has vectors, such as text-sequence.",
  },
  zh: {
    skip: "跳到正文", views: "视图", theme: "配色：{name}", "theme.system": "跟随系统", "theme.light": "浅色", "theme.dark": "深色", key: "密钥", help: "快捷键",
    close: "关闭", yes: "是", no: "否", before: "上一页", after: "下一页", up: "就绪", down: "无应答",
    "view.try": "试用", "view.catalogue": "目录", "view.models": "模型", "view.live": "实时",
    "try.title": "他们会喜欢什么？", "try.user": "用户", "try.user.hint": "编号，新老用户均可",
    "try.history": "或选过的物品（从旧到新）", "try.history.hint": "输入标题以添加物品",
    "try.found": "找到的物品", "try.query": "或用文字描述", "try.query.hint": "适合雨夜的一部舒缓温暖的电影",
    "try.k": "数量", "try.diversity": "多样性", "try.ask": "推荐", "try.past": "最近的行为",
    "try.list": "推荐结果", "try.start": "可按用户、按选过的物品或用文字提问。点击“选它”会写入真实事件，列表随即变化。",
    "try.example.new": "用一位新用户试试", "try.example.history": "随机用两件物品试试",
    "try.about": "{model} 用 {ms} 毫秒给出 {n} 件", "try.none": "没有可推荐的了。",
    "try.after": "选了“{title}”之后：新增 {n} 件，移动 {moved} 件", "try.decisions": "策略做了什么",
    "try.click": "选它", "try.why": "为什么？", "try.like": "类似的", "try.new": "新", "try.remove": "移除 {title}",
    "try.like.title": "与“{title}”类似", "try.no.past": "本服务尚未收到任何行为。",
    "try.up": "上升 {n} 位", "try.down": "下降 {n} 位", "why.about": "没有它，得分会下降多少",
    "why.none": "没有单一的原因。", "why.barred": "不会列出：{why}",
    "catalogue.title": "目录", "catalogue.find": "标题或编号", "catalogue.about": "第 {from} 至 {to} 件，共 {total} 件",
    "catalogue.none": "没有匹配的物品。", "catalogue.similar": "类似物品", "catalogue.try": "加入历史", "catalogue.no.similar": "此模型无法判断。",
    "models.title": "模型", "models.name": "版本", "models.kind": "类型", "models.added": "加入时间",
    "models.figures": "训练数据", "models.stands": "状态", "models.do": "操作", "models.current": "当前",
    "models.previous": "上一个", "models.promote": "启用", "models.reload": "重新载入",
    "models.rollback": "回退", "models.history": "操作记录",
    "models.sure.promote": "从现在起由 {name} 应答？会先用标准问题检验它。",
    "models.sure.reload": "重新读取运行目录，通过标准问题后启用？",
    "models.sure.rollback": "重新由 {name} 应答？",
    "models.done": "现在由 {name} 应答。",
    "models.found": "载入用时 {load} 秒；最慢的问题用时 {slowest} 毫秒；占用内存 {memory} MiB。",
    "models.users": "{n} 位用户", "models.items": "{n} 件物品", "models.events": "{n} 个事件",
    "experiment.title": "实验", "experiment.arm": "分组", "experiment.users": "计入的用户", "experiment.mean": "均值",
    "experiment.gap": "与第一组之差（随时有效）", "experiment.runs": "{name} 自 {since} 起进行；{waiting} 位用户的窗口尚未结束",
    "experiment.ran": "{name} 进行于 {since} 至 {over}", "experiment.early": "为时尚早",
    "did.added": "已加入", "did.promoted": "开始应答", "did.rolled_back_to": "回退到", "did.refused": "被拒绝",
    "live.title": "现在", "live.events": "实时事件", "live.pause": "暂停", "live.on": "继续",
    "live.changed": "有何变化", "live.changed.none": "没有：大家的行为与开始观察时一样。",
    "live.changed.early": "仍在了解平常的情形。", "live.changed.off": "此处无人观察。",
    "live.changed.since": "自 {since} 起", "live.changed.over": "{since} 至 {over}",
    "live.none": "还没有事件。", "live.model": "模型", "live.items": "物品", "live.seq": "变更总数",
    "live.pending": "正在读取的物品", "live.failed": "无法读取的物品", "live.uptime": "已运行", "live.hits": "缓存命中的向量",
    "live.rate.events": "每秒变更", "live.rate.lists": "每秒列表", "live.milliseconds": "每个列表的毫秒数",
    "live.item": "写入物品", "live.user": "写入用户", "live.erased": "删除用户",
    "key.title": "服务密钥", "key.about": "仅保存在此标签页，关闭即忘。控制台需要 read 权限；写入选择需要 ingest，模型与实时需要 admin。",
    "key.use": "使用", "key.forget": "忘记",
    "help.views": "四个视图", "help.find": "跳到第一个输入框", "help.move": "在列表中上下移动",
    "help.choose": "选这件物品", "help.why": "为什么推荐它", "help.help": "本帮助", "help.on": "启用这些快捷键",
    "error.network": "服务没有应答。它在运行吗？",
    "error.unsupported": "当前模型做不到。按文字或按相似物品推荐，需要能读文字或有向量的模型，例如 text-sequence。",
  },
};

const heard = [];
let language = localStorage.getItem("penchant.language") ?? (navigator.language.startsWith("zh") ? "zh" : "en");

export const has = (key) => WORDS[language][key] !== undefined;

export function t(key, values = {}) {
  const text = WORDS[language][key];
  if (text === undefined) throw new Error(`no words for ${key}`);
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

// As the browser writes dates and numbers in that language.
export const locale = () =>
  (navigator.language.startsWith(language) ? navigator.language : language === "zh" ? "zh-CN" : "en");
export const number = (value, digits = 0) =>
  new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(value);
// Of today the time, of other days the date too.
export const moment = (seconds) => {
  const today = new Date(seconds * 1000).toDateString() === new Date().toDateString();
  const style = today ? { timeStyle: "medium" } : { dateStyle: "medium", timeStyle: "short" };
  return new Intl.DateTimeFormat(locale(), style).format(seconds * 1000);
};
export const day = (iso) =>
  new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));

// Calls back now and whenever the language changes.
export function onLanguage(call) {
  heard.push(call);
  call();
}

export function translate() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const one of document.querySelectorAll("[data-t]")) one.textContent = t(one.dataset.t);
  for (const one of document.querySelectorAll("[data-hint]")) one.placeholder = t(one.dataset.hint);
  for (const one of document.querySelectorAll("[data-label]")) one.setAttribute("aria-label", t(one.dataset.label));
  for (const one of document.querySelectorAll("[data-tip]")) one.title = t(one.dataset.tip);
  const other = document.getElementById("language");
  other.textContent = language === "en" ? "中文" : "English";
  other.lang = language === "en" ? "zh" : "en";
}

export function switchLanguage() {
  language = language === "en" ? "zh" : "en";
  localStorage.setItem("penchant.language", language);
  translate();
  for (const call of heard) call();
}
