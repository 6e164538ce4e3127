// Boxes that are dealt with together: one to tick them all, and how many are ticked. Without this file they just work.

for (const form of document.querySelectorAll("form[data-batch]")) {
  const boxes = [...form.querySelectorAll('input[name="step_id"]')];
  const all = form.querySelector("[data-batch-all]");
  const count = form.querySelector("[data-batch-count]");

  const show = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    all.checked = ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
    count.textContent = ticked ? `已选${ticked}份` : "未选";
  };

  all.closest("[hidden]").hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    show();
  });
  form.addEventListener("change", show);
  // Going back, the browser ticks again what was ticked.
  window.addEventListener("pageshow", show);
  show();
}
