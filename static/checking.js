// Says at its field what the regulation says of the form, while it is filled in. Every rule is the server's; without
// this file the same is said when the form is sent.
const PAUSE = 600; // milliseconds after the last letter
const form = document.querySelector("form[data-check]");
const known = JSON.parse(form.dataset.filing);
const field = (name) => form.elements[name];
const touched = new Set();
const places = new Map();
// A tier that was chosen is its chooser's; one that nobody chose follows what is found.
let tierIsChosen = field("tier").value !== "";
let isOurs = false;
let timer;
let request;

// Places that are there from the beginning are read out when something comes into them.
for (const cell of form.querySelectorAll(".field > .cell-value")) {
  const box = cell.querySelector("input, select, textarea");
  if (!box || box.type === "hidden" || places.has(box.id)) continue;
  const place = element("div", { className: "live" });
  place.setAttribute("aria-live", "polite");
  place.id = `${box.id}-live`;
  describe(box, (ids) => [...ids, place.id]);
  cell.append(place);
  places.set(box.id, place);
}
const count = element("div", { className: "live-note" });
places.get("name")?.before(count);

form.addEventListener("input", (event) => checkSoon(event, PAUSE));
form.addEventListener("change", (event) => checkSoon(event, 0));
offerReasons();
// What was refused can be mended by the same press as while typing.
if (form.dataset.fresh !== "true") check();

function checkSoon(event, pause) {
  if (isOurs || !event.target.id) return;
  touched.add(event.target.id);
  if (event.target.name === "tier") tierIsChosen = event.target.value !== "";
  clearTimeout(timer);
  timer = setTimeout(check, pause);
}

async function check() {
  request?.abort();
  const mine = (request = new AbortController());
  const typed = new FormData(form);
  typed.append("filing_id", form.dataset.filingId);
  // What the tier was set to for its chooser is found anew each time.
  if (!tierIsChosen) typed.set("tier", "");
  try {
    const answer = await fetch(form.dataset.check, { method: "POST", body: typed, redirect: "manual", signal: mine.signal });
    if (answer.ok) show(await answer.json());
  } catch {
    // A newer question has taken its place, or the network is away: sending the form says it all.
  }
}

function show(said) {
  followTier(said.tier);
  for (const [id, place] of places) {
    const findings = said.fields[id] ?? [];
    forgetEarlier(id, findings.length > 0);
    fill(place, [...findings.map(finding), ...beside(id, said)]);
    const isRefused = findings.some(({ severity }) => severity === "refuse") || document.getElementById(`${id}-error`);
    document.getElementById(id).setAttribute("aria-invalid", isRefused ? "true" : "false");
  }
  const { length, limit } = said.name_length;
  count.textContent = limit && length ? `${length}字，平台最多${limit}字` : "";
}

function beside(id, said) {
  if (id === "name") return suggestions(said.suggestion);
  if (id === "number" && said.number && said.number !== field("number").value.trim()) return [note(`将记为 ${said.number}`)];
  if (id === "tier" && said.tier && field("tier").value === said.tier.tier) return [note(said.tier.reason)];
  return [];
}

function followTier(tier) {
  if (tierIsChosen || !tier || field("tier").value === tier.tier) return;
  field("tier").value = tier.tier;
  isOurs = true;
  field("tier").dispatchEvent(new Event("change", { bubbles: true }));
  field("tier").dispatchEvent(new Event("input", { bubbles: true }));
  isOurs = false;
}

function suggestions(proposed) {
  if (!proposed) return [];
  const choices = [choice(`采用「${proposed.name}」`, () => take(proposed.name))];
  if (proposed.college_name) {
    choices.push(choice(`以学院名义，采用「${proposed.college_name}」`, () => {
      put("tier", proposed.college_tier);
      take(proposed.college_name);
    }));
  }
  return choices;
}

function take(name) {
  put("name", name);
}

function put(name, value) {
  field(name).value = value;
  for (const kind of ["input", "change"]) field(name).dispatchEvent(new Event(kind, { bubbles: true }));
}

// What the server said when the form was sent, of a field that was changed since, or of which it says the same again.
function forgetEarlier(id, isSaidAgain) {
  const box = document.getElementById(id);
  const earlier = document.getElementById(`${id}-error`);
  if (!earlier || !box.value || !(touched.has(id) || isSaidAgain)) return;
  earlier.remove();
  box.classList.remove("is-invalid");
  describe(box, (ids) => ids.filter((described) => described !== earlier.id));
  box.closest(".field").classList.remove("is-wrong");
}

function describe(box, change) {
  const ids = (box.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean);
  box.setAttribute("aria-describedby", change(ids).join(" "));
}

function offerReasons() {
  const box = field("size_reason");
  if (!known.sizeReasons?.length) return;
  // The hint lists them for whoever has no script.
  const hint = document.getElementById("size_reason-hint");
  if (hint) hint.textContent = hint.textContent.split("例如：")[0];
  const choices = known.sizeReasons.map((reason) => choice(`填入“${reason}”`, () => {
    if (!box.value.includes(reason)) put("size_reason", box.value.trim() ? `${box.value.trim()}\n${reason}` : reason);
  }));
  places.get("size_reason")?.before(...choices);
}

// The same again is left alone, so that it is not read out again, nor a button taken from under a finger.
function fill(place, parts) {
  const words = parts.map((part) => part.textContent).join("\n");
  if (place.dataset.said === words) return;
  const wasInside = place.contains(document.activeElement);
  place.dataset.said = words;
  place.replaceChildren(...parts);
  // Whoever pressed a button by the keyboard goes on at the field that it filled.
  if (wasInside) place.closest(".cell-value").querySelector("input, select, textarea").focus();
}

function finding({ severity, text }) {
  return element("div", { className: severity === "refuse" ? "live-finding live-refuse" : "live-finding", textContent: text });
}

function note(text) {
  return element("div", { className: "live-note", textContent: text });
}

function choice(label, act) {
  const button = element("button", { type: "button", className: "live-choice", textContent: label });
  button.addEventListener("click", act);
  return button;
}

function element(name, properties) {
  return Object.assign(document.createElement(name), properties);
}
