// Our own search for a person: a dialog to type in, with what was found below, for fingers, keyboards and ears.
const SEARCH = "/people/search";
const MOST = 20; // as many as the server answers with
const PAUSE = 200; // milliseconds after the last letter
const SENTENCES = {
  start: "输入姓名、拼音或部门查找。",
  searching: "正在查找…",
  nobody: "没有找到，请换个写法，例如姓名的拼音或所在部门。",
  signedOut: "登录已过期，请刷新页面后再试；已填写的内容请先保存。",
  tooOften: "查找太频繁，请稍候一分钟再试，或者直接填写姓名。",
  failed: "暂时无法查找，请检查网络后再试，或者直接填写姓名。",
};

class SearchFailed extends Error {}

// The person whose account this is on the platform; undefined when we know nobody of it.
export async function findByAccount(account) {
  return (await ask({ userid: account }))[0];
}

async function ask(query, signal) {
  let answer;
  try {
    answer = await fetch(`${SEARCH}?${new URLSearchParams(query)}`, { redirect: "manual", signal });
  } catch (error) {
    throw error.name === "AbortError" ? error : new SearchFailed(SENTENCES.failed);
  }
  // Whoever is signed out is sent to the sign-in, which a script cannot follow.
  if (answer.type === "opaqueredirect") throw new SearchFailed(SENTENCES.signedOut);
  if (answer.status === 429) throw new SearchFailed(SENTENCES.tooOften);
  if (!answer.ok) throw new SearchFailed(SENTENCES.failed);
  return (await answer.json()).people;
}

// Opens the dialog; resolves with the person chosen, or with null when it was closed without one.
export function askForPerson(whom, sentence = SENTENCES.start) {
  return new Promise((resolve) => new Search(whom, sentence, resolve).open());
}

class Search {
  constructor(whom, sentence, resolve) {
    this.resolve = resolve;
    this.found = [];
    this.active = -1;
    this.box = element("input", {
      type: "search", id: "people-search", className: "people-box", placeholder: "姓名、拼音或部门", autocomplete: "off",
      role: "combobox", ariaAutoComplete: "list", ariaExpanded: "false", enterKeyHint: "search",
    });
    this.box.setAttribute("aria-controls", "people-found");
    this.status = element("p", { className: "people-status", role: "status", textContent: sentence });
    this.list = element("ul", { className: "people-found", id: "people-found", role: "listbox", ariaLabel: "查找结果" });
    const close = element("button", { type: "button", className: "btn btn-quiet", textContent: "取消" });
    const title = element("h2", { className: "people-title", id: "people-title", textContent: `选择${whom}` });
    const label = element("label", { className: "visually-hidden", htmlFor: "people-search", textContent: "查找人员" });
    this.dialog = element("dialog", { className: "people-dialog" });
    this.dialog.setAttribute("aria-labelledby", "people-title");
    const head = element("div", { className: "people-head" });
    head.append(title, close);
    this.dialog.append(head, label, this.box, this.status, this.list);
    this.box.addEventListener("input", () => this.searchSoon());
    this.box.addEventListener("keydown", (event) => this.onKey(event));
    this.list.addEventListener("click", (event) => this.onClick(event));
    close.addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("click", (event) => { if (event.target === this.dialog) this.dialog.close(); });
    this.dialog.addEventListener("close", () => this.end(null));
  }

  open() {
    document.body.append(this.dialog);
    this.dialog.showModal();
    this.box.focus();
  }

  end(person) {
    clearTimeout(this.timer);
    this.request?.abort();
    this.resolve(person); // only the first time counts
    this.dialog.remove();
  }

  searchSoon() {
    clearTimeout(this.timer);
    this.request?.abort();
    this.show([], this.box.value.trim() ? SENTENCES.searching : SENTENCES.start);
    if (this.box.value.trim()) this.timer = setTimeout(() => this.search(), PAUSE);
  }

  async search() {
    this.request = new AbortController();
    try {
      const people = await ask({ q: this.box.value }, this.request.signal);
      this.show(people, people.length ? people.length < MOST ? `找到${people.length}人。` : `只列出前${MOST}人，请写得更具体些。` : SENTENCES.nobody);
    } catch (error) {
      if (error.name !== "AbortError") this.show([], error instanceof SearchFailed ? error.message : SENTENCES.failed);
    }
  }

  show(people, sentence) {
    this.found = people;
    this.status.textContent = sentence;
    this.list.replaceChildren(...people.map(option));
    this.box.ariaExpanded = String(people.length > 0);
    this.activate(people.length ? 0 : -1);
  }

  activate(number) {
    this.active = number;
    [...this.list.children].forEach((row, n) => { row.ariaSelected = String(n === number); });
    const row = this.list.children[number];
    if (row) {
      this.box.setAttribute("aria-activedescendant", row.id);
      row.scrollIntoView({ block: "nearest" });
    } else {
      this.box.removeAttribute("aria-activedescendant");
    }
  }

  onKey(event) {
    const count = this.found.length;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    // While letters are put together to characters, these keys are the input method's own.
    if (event.isComposing || !(step || ["Enter", "Escape"].includes(event.key))) return;
    event.preventDefault();
    if (event.key === "Escape") this.dialog.close(); // of itself a search box only empties
    if (step && count) this.activate((this.active + step + count) % count);
    if (event.key === "Enter" && count) this.choose(this.active);
  }

  onClick(event) {
    const row = event.target.closest("[role=option]");
    if (row) this.choose([...this.list.children].indexOf(row));
  }

  choose(number) {
    this.end(this.found[number]);
  }
}

function option(person, number) {
  const row = element("li", { role: "option", id: `people-found-${number}`, className: "people-one", ariaSelected: "false" });
  const below = [person.department, person.job_title, person.account].filter(Boolean).join(" · ");
  row.append(
    element("span", { className: "row-name", textContent: person.name }),
    element("span", { className: "row-below", textContent: below }),
  );
  return row;
}

function element(tag, properties) {
  return Object.assign(document.createElement(tag), properties);
}
