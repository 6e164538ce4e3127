// Keeps the form while it is filled in: on the server as a draft, and in this tab until the server has all of it, so
// that neither an error nor a sign-in that ran out loses a word. Without this file 保存草稿 does it when pressed.
const PAUSE = 2000; // milliseconds after the last change
const PATIENCE = 10_000; // milliseconds until an answer counts as lost, and until the next try
const SLOTS = "form ";
const form = document.querySelector("form[data-keep]");
const status = document.querySelector("[data-kept]");
const isFresh = form.dataset.fresh === "true";
const field = (name) => form.elements[name];
// What is the page's own, or changes by itself.
const NOT_TYPED = new Set(["csrf_token", "version", "form_key"]);

// What was sent and is shown again, refused or with one more administrator, is kept nowhere yet.
let isChanged = !isFresh;
// The server takes the form by itself no more: another window has saved it, it was sent, or nobody is signed in.
let isOver = !form.dataset.keep;
let isGoing = false;
let isKeeping = false;
let unanswered;
let timer;
let queue = Promise.resolve();

forgetOthers();
if (isFresh) restore();
else noteChange();

for (const kind of ["input", "change"]) form.addEventListener(kind, noteChange);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") keep();
});
window.addEventListener("online", keep);
window.addEventListener("pageshow", (event) => {
  // Gone back to as it was left: what was saved since is not on it.
  if (event.persisted && isFresh) location.reload();
});
// Before forms.js, whose buttons rest once the form goes.
form.addEventListener("submit", (event) => {
  clearTimeout(timer);
  remember({ isSent: true });
  isGoing = true;
  if (!isKeeping) return;
  // The form goes with the version that the answer under way brings.
  event.preventDefault();
  event.stopImmediatePropagation();
  say("正在保存…");
  const { name, value } = event.submitter;
  for (const button of form.querySelectorAll("button[type=submit]")) button.disabled = true;
  queue.then(() => send(name, value));
});

function noteChange() {
  isChanged = true;
  remember();
  clearTimeout(timer);
  timer = setTimeout(keep, PAUSE);
}

function send(name, value) {
  form.append(element("input", { type: "hidden", name, value }));
  form.submit();
}

function keep() {
  clearTimeout(timer);
  queue = queue.then(keepAll);
}

async function keepAll() {
  isKeeping = true;
  while (!isOver && !isGoing && (unanswered || isChanged)) {
    if (!(await sendOnce())) break;
  }
  isKeeping = false;
}

// Whether the server has answered. The same is sent again where its answer was lost: what was kept already is then no
// change made elsewhere.
async function sendOnce() {
  if (!unanswered) {
    unanswered = new FormData(form);
    isChanged = false;
  }
  unanswered.set("version", field("version").value);
  try {
    const signal = AbortSignal.timeout?.(PATIENCE);
    // Only what goes on while the page is left has the browser's narrow limit of size.
    const keepalive = document.visibilityState === "hidden";
    const answer = await fetch(form.dataset.keep, { method: "POST", body: unanswered, redirect: "manual", keepalive, signal });
    if (answer.status === 429 || answer.status >= 500) throw new Error(answer.status);
    unanswered = undefined;
    await take(answer);
    return true;
  } catch {
    warn("暂时保存不了，内容暂存在本页，稍后自动再试");
    timer = setTimeout(keep, PATIENCE);
    return false;
  }
}

async function take(answer) {
  if (answer.ok) return goOn(await answer.json());
  isOver = true;
  remember();
  if (answer.status === 401) return warn("登录已过期，", link("重新登录", signIn()), "后继续填写，已填写的内容会恢复");
  if (answer.status === 400) return warn("页面已过期，", link("刷新页面", location.href), "后继续填写，已填写的内容会恢复");
  const isJson = answer.headers.get("Content-Type")?.includes("json");
  warn(isJson ? (await answer.json()).sentence : "没有自动保存，请点“保存草稿”");
}

// From the first time on, the page is that of the draft: going on, reloading and sending are the draft's own.
function goOn({ version, filing_id: filingId, edit, keep: address, left }) {
  field("version").value = version;
  if (!form.dataset.filingId) {
    form.dataset.filingId = filingId;
    form.action = edit;
    form.dataset.keep = address;
    history.replaceState(history.state, "", edit);
  }
  const at = new Date().toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false });
  if (left.length) warn(`${at} 已自动保存草稿，${left.join("、")}填写有误，未保存`);
  else say(`${at} 已自动保存草稿`);
  if (isChanged || left.length) remember();
  else sessionStorage.removeItem(slot());
}

function signIn() {
  return `${form.dataset.signIn}?${new URLSearchParams({ next: location.pathname + location.search })}`;
}

// The form's own key is its draft's as well.
function slot() {
  return SLOTS + form.dataset.key;
}

function remember({ isSent = false } = {}) {
  const typed = [...new FormData(form)].filter(([name]) => !NOT_TYPED.has(name));
  const kept = { person: form.dataset.person, version: field("version").value, isSent, typed };
  try {
    sessionStorage.setItem(slot(), JSON.stringify(kept));
  } catch {
    // No room, or not allowed: the server keeps what it can.
  }
}

// What somebody else typed in this tab, before they were signed out.
function forgetOthers() {
  for (const key of Object.keys(sessionStorage).filter((name) => name.startsWith(SLOTS))) {
    if (JSON.parse(sessionStorage.getItem(key)).person !== form.dataset.person) sessionStorage.removeItem(key);
  }
}

// What this tab kept of the form and the server has not.
function restore() {
  // A new form that is opened again, after signing in, is still the one of its address.
  const asked = new URLSearchParams(location.search).get("form");
  if (asked && !form.dataset.filingId && sessionStorage.getItem(SLOTS + asked)) {
    form.dataset.key = field("form_key").value = asked;
  }
  const kept = JSON.parse(sessionStorage.getItem(slot()) ?? "null");
  const isNewer = kept?.version === field("version").value;
  // Saved since, by the press that it went with.
  if (!kept || (kept.isSent && !isNewer) || !differs(kept)) {
    sessionStorage.removeItem(slot());
  } else if (isNewer) {
    fillIn(kept);
    ask("已恢复您上次在这里填写、还没有保存的内容。", "不恢复", () => leaveIt());
  } else {
    // Saved since, here by a keep whose answer was lost, or elsewhere: which of the two counts is the person's to say.
    ask("您上次在这里填写的内容，有一部分没有保存。", "恢复", (notice) => {
      notice.remove();
      fillIn(kept);
    });
  }
}

function leaveIt() {
  isGoing = true;
  sessionStorage.removeItem(slot());
  location.reload();
}

function fillIn(kept) {
  for (const box of boxes()) put(box, valuesIn(kept, box.name));
  isChanged = true;
  const further = furtherAdministrators(kept);
  if (!further.length) return noteChange();
  // Shown again with one more, the page has room for them.
  for (const [name, value] of further) form.append(element("input", { type: "hidden", name, value }));
  isGoing = true;
  send("action", "more");
}

function differs(kept) {
  return furtherAdministrators(kept).length > 0 || boxes().some((box) => !holds(box, valuesIn(kept, box.name)));
}

// What was typed of administrators whom this page has no place for.
function furtherAdministrators(kept) {
  return kept.typed.filter(([name, value]) => value && name.startsWith("administrators-") && !field(name));
}

function boxes() {
  return [...form.elements].filter((box) => box.name && box.type !== "submit" && !NOT_TYPED.has(box.name));
}

function valuesIn(kept, name) {
  return kept.typed.filter(([typed]) => typed === name).map(([, value]) => value);
}

function holds(box, values) {
  return box.type === "checkbox" ? box.checked === values.includes(box.value) : box.value === (values[0] ?? "");
}

function put(box, values) {
  if (box.type === "checkbox") box.checked = values.includes(box.value);
  else box.value = values[0] ?? "";
}

function ask(words, label, act) {
  const notice = element("div", { className: "notice notice-info notice-acts", role: "status" });
  const button = element("button", { type: "button", className: "btn btn-quiet", textContent: label });
  button.addEventListener("click", () => act(notice));
  notice.append(element("span", { textContent: words }), button);
  form.before(notice);
}

function say(...parts) {
  status.replaceChildren(...parts);
  status.role = null;
}

// What needs doing is read out; that all is well is not, every other second.
function warn(...parts) {
  say(...parts);
  status.role = "alert";
}

function element(name, properties) {
  return Object.assign(document.createElement(name), properties);
}

function link(words, address) {
  return element("a", { href: address, textContent: words });
}
