// Helps with the annex's form. Every rule is the server's; without this file all fields are shown, each with a hint.
import "./forms.js";

const form = document.querySelector("form[data-filing]");
// The address remembers which form this is: going back to it finds what was saved from it, not an empty one.
if (location.pathname === "/filings/new") history.replaceState(history.state, "", `?form=${form.elements.form_key.value}`);
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
}

form.addEventListener("input", showWhatApplies);
form.addEventListener("change", (event) => {
  if (event.target.name === "department_id") fillInHead();
  if (["department_id", "tier"].includes(event.target.name)) suggestBeginning();
});
showWhatApplies();
suggestBeginning();
