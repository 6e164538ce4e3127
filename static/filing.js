// Helps with the annex's form. Every rule is the server's; without this file all fields are shown, each with a hint.
import "./forms.js";

const form = document.querySelector("form[data-filing]");
// The address remembers which form this is: going back to it finds what was saved from it, not an empty one.
if (location.pathname === "/filings/new") {
  const query = new URLSearchParams(location.search);
  query.set("form", form.elements.form_key.value);
  history.replaceState(history.state, "", `?${query}`);
}
const known = JSON.parse(form.dataset.filing);
const field = (name) => form.elements[name];

const conditions = {
  "platform=other": () => field("platform").value === "other",
  "platform=wechat": () => field("platform").value === "wechat",
  "tier=college_organization": () => field("tier").value === "college_organization",
  large: () => Number(field("member_count").value) > known.sizeLimit,
  project: () => field("is_project").checked,
};

function showWhatApplies() {
  for (const cell of form.querySelectorAll("[data-when]")) {
    // One that has an error stays in sight.
    cell.hidden = !conditions[cell.dataset.when]() && !cell.classList.contains("is-wrong");
  }
}

function suggestBeginning() {
  const forCollege = field("tier").value === known.collegeTier;
  const beginning = forCollege ? known.college : known.shortNames[field("department_id").value];
  document.getElementById("name-hint").textContent = beginning
    ? `以“${beginning}”开头，例如 ${beginning}通知群（第九条）`
    : "单位简称+群名（第九条）";
}

// The head of the department, as long as nobody has written over what was filled in.
const parts = ["name", "job_title", "office_phone", "person_id"];
const head = () => known.heads[field("department_id").value] ?? {};
let filledIn = head();

function fillInHead() {
  const untouched = parts.every((part) => field(`responsible-${part}`).value === (filledIn[part] ?? ""));
  if (!untouched) return;
  filledIn = head();
  for (const part of parts) {
    const box = field(`responsible-${part}`);
    // Whoever is picked afterwards may take its place (picker.js).
    box.value = box.dataset.filled = filledIn[part] ?? "";
  }
  const mobile = field("responsible-mobile");
  mobile.placeholder = filledIn.mobile_is_on_record ? mobile.dataset.onRecord : mobile.dataset.asked;
}

// 补办备案: the group has opened already, on a day that only its people know.
const openedOn = field("opened_on");
const proposed = location.pathname === "/filings/new" ? openedOn.value : "";

function askForOpening() {
  const opened = field("kind").value === "retroactive";
  document.getElementById("opened_on-hint").textContent = opened
    ? "已建立的群填实际开通的日期（第八条）。"
    : "还没有开通的填拟开通的日期（第八条）。";
  if (opened && openedOn.value === proposed) openedOn.value = "";
  if (!opened && !openedOn.value) openedOn.value = proposed;
}

form.addEventListener("input", showWhatApplies);
form.addEventListener("change", (event) => {
  if (event.target.name === "department_id") fillInHead();
  if (event.target.name === "kind") askForOpening();
  if (["department_id", "tier"].includes(event.target.name)) suggestBeginning();
});
showWhatApplies();
suggestBeginning();
