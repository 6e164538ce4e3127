// Picking a person: inside WeCom by the client's own picker, elsewhere, or where that fails, by our search.
// It helps with what is marked data-picker; without it the name is typed, and the server finds whose it is.
import { pickInClient, Cancelled } from "./wecom.js";
import { askForPerson, findByAccount } from "./people.js";

// What the directory knows of a person; mobile and e-mail are theirs to give, and no other's may stay beside the name.
const FROM_DIRECTORY = ["job_title", "office_phone"];
const NEVER_FROM_DIRECTORY = ["mobile", "email"];

for (const place of document.querySelectorAll("[data-picker]")) equip(place);

function equip(place) {
  const id = place.querySelector("input[name$=person_id]");
  const part = (name) => place.querySelector(`[name="${id.name.replace(/person_id$/, name)}"]`);
  const name = part("person") ?? part("name");
  const label = (place.closest("fieldset")?.querySelector("legend") ?? name.labels[0])?.textContent;
  const whom = label === "姓名" ? "人员" : label;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "pick";
  button.append("选择");
  button.append(hidden(whom));
  name.closest(".cell").append(button);

  // Whose particulars stand below the name.
  let meant = name.value.trim();

  name.addEventListener("input", () => {
    id.value = "";
    sayWhether(false);
  });
  name.addEventListener("change", () => {
    if (name.value.trim() === meant) return;
    meant = name.value.trim();
    for (const key of [...FROM_DIRECTORY, ...NEVER_FROM_DIRECTORY]) if (part(key)) forget(part(key));
  });
  button.addEventListener("click", async () => {
    button.disabled = true;
    const person = await pick(whom);
    button.disabled = false;
    button.focus();
    if (person) fill(person);
  });

  // A mobile that its owner gave is not shown, and need not be typed.
  function sayWhether(onRecord) {
    const mobile = part("mobile");
    if (mobile) mobile.placeholder = onRecord ? mobile.dataset.onRecord : mobile.dataset.asked;
  }

  function fill(person) {
    const changes = id.value !== String(person.id);
    const isAnothers = Boolean(id.value) && changes;
    name.value = meant = person.name;
    id.value = person.id;
    sayWhether(person.mobile_is_on_record);
    if (!changes) return;
    for (const key of FROM_DIRECTORY) if (part(key)) put(part(key), person[key], isAnothers);
    for (const key of NEVER_FROM_DIRECTORY) if (part(key) && isAnothers) put(part(key), "", true);
    name.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

// Nothing that somebody typed is written over: only what is empty, what a script filled in, or what the page came
// with for the person who is no longer meant.
function put(field, value, isAnothers) {
  const ours = field.dataset.filled ?? (isAnothers ? field.defaultValue : "");
  if (field.value !== "" && field.value !== ours) return;
  field.value = field.dataset.filled = value;
}

// What the page came with, or a script filled in, was somebody else's; what was typed stays.
function forget(field) {
  if (field.value === (field.dataset.filled ?? field.defaultValue)) field.value = "";
}

// The person picked; null when somebody thought better of it.
async function pick(whom) {
  try {
    const account = await pickInClient();
    const person = await findByAccount(account);
    return person ?? askForPerson(whom, "群备的通讯录里没有这个人，请在这里查找。");
  } catch (error) {
    return error instanceof Cancelled ? null : askForPerson(whom);
  }
}

function hidden(text) {
  const span = document.createElement("span");
  span.className = "visually-hidden";
  span.textContent = text;
  return span;
}
