// Keeps the form while it is filled in: on the server as a draft, and in this tab until the server has all of it, so
// that neither an error nor a sign-in that ran out loses a word. Without this file 保存草稿 does it when pressed.
const PAUSE = 2000; // milliseconds after the last change
const PATIENCE = 10_000; // milliseconds until an answer counts as lost
const SLOT = "filing form";
const form = document.querySelector("form[data-keep]");
const status = document.querySelector("[data-kept]");
const field = (name) => form.elements[name];
// What is the page's own, or changes by itself.
const NOT_TYPED = new Set(["csrf_token", "version", "form_key"]);

let isChanged = false;
// The server takes the form no more: another window has it, or it was sent, or nobody is signed in.
let isOver = false;
let isLeaving = false;
let unanswered;
let timer;
let queue = Promise.resolve();
let isKeeping = false;

restore();

for (const kind of ["input", "change"]) {
  form.addEventListener(kind, () => {
    isChanged = true;
    remember();
    clearTimeout(timer);
    timer = setTimeout(keep, PAUSE);
  });
}
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden" && !isLeaving) keep();
});
window.addEventListener("online", keep);
window.addEventListener("pageshow", (event) => {
  // Gone back to as it was left: what was saved since is not on it.
  if (event.persisted && form.dataset.fresh) location.reload();
});
// Before forms.js, whose buttons rest once the form goes.
form.addEventListener("submit", (event) => {
  clearTimeout(timer);
  isLeaving = true;
  if (!isKeeping) return;
  // The form goes with the version that the answer under way brings.
  event.preventDefault();
  event.stopImmediatePropagation();
  queue.then(() => form.requestSubmit(event.submitter));
});

function keep() {
  clearTimeout(timer);
  queue = queue.then(keepAll);
}

async function keepAll() {
  isKeeping = true;
  while (!isOver && (unanswered || isChanged)) {
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
    const answer = await fetch(form.dataset.keep, { method: "POST", body: unanswered, redirect: "manual", keepalive: true, signal });
    if (answer.status === 429 || answer.status >= 500) throw new Error(answer.status);
    unanswered = undefined;
    await take(answer);
    return true;
  } catch {
    warn("网络不通，暂存在本页，稍后自动保存");
    return false;
  }
}

async function take(answer) {
  if (answer.ok) return goOn(await answer.json());
  isOver = true;
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
  else sessionStorage.removeItem(SLOT);
}

function signIn() {
  return `${form.dataset.signIn}?${new URLSearchParams({ next: location.pathname + location.search })}`;
}

function remember() {
  const typed = [...new FormData(form)].filter(([name]) => !NOT_TYPED.has(name));
  const { person, filingId } = form.dataset;
  const kept = { person, filingId, key: field("form_key").value, version: field("version").value, typed };
  try {
    sessionStorage.setItem(SLOT, JSON.stringify(kept));
  } catch {
    // No room, or not allowed: the server keeps what it can.
  }
}

// What this tab kept and the server has not: of this person's, this filing's, and not older than what was saved since.
function restore() {
  const kept = JSON.parse(sessionStorage.getItem(SLOT) ?? "null");
  if (!kept || !form.dataset.fresh) return;
  const other = isOfThisPage(kept) ? boxes().filter((box) => !holds(box, valuesIn(kept, box.name))) : [];
  if (!other.length) {
    sessionStorage.removeItem(SLOT);
    return;
  }
  field("form_key").value = kept.key;
  for (const box of other) put(box, valuesIn(kept, box.name));
  isChanged = true;
  sayItIsBack();
}

function isOfThisPage({ person, filingId, key, version }) {
  if (person !== form.dataset.person || filingId !== form.dataset.filingId) return false;
  return filingId ? version === field("version").value : key === new URLSearchParams(location.search).get("form");
}

function boxes() {
  return [...form.elements].filter((box) => box.name && box.type !== "submit" && !NOT_TYPED.has(box.name));
}

function valuesIn(kept, name) {
  return kept.typed.filter(([typed]) => typed === name).map(([, value]) => value);
}

function holds(box, values) {
  if (box.type === "checkbox") return box.checked === values.includes(box.value);
  if (box.multiple) return [...box.options].every((option) => option.selected === values.includes(option.value));
  return box.value === (values[0] ?? "");
}

function put(box, values) {
  if (box.type === "checkbox") box.checked = values.includes(box.value);
  else if (box.multiple) for (const option of box.options) option.selected = values.includes(option.value);
  else box.value = values[0] ?? "";
}

function sayItIsBack() {
  const notice = element("div", { className: "notice notice-info notice-acts", role: "status" });
  const otherwise = element("button", { type: "button", className: "btn btn-quiet", textContent: "不恢复" });
  otherwise.addEventListener("click", () => {
    isLeaving = true;
    sessionStorage.removeItem(SLOT);
    location.reload();
  });
  notice.append(element("span", { textContent: "已恢复您上次在这里填写、还没有保存的内容。" }), otherwise);
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
