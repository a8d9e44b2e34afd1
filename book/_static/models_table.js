/* Makes the table of models sortable, and shows the scores of one flux at a time. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const box = document.querySelector(".models-table");
  if (!box) return;
  const table = box.querySelector("table"), body = table.tBodies[0];
  const rows = [...body.rows], sortable = [...table.querySelectorAll("th[data-kind]")];
  const spoken = document.createElement("p");
  spoken.className = "models-table-spoken";
  spoken.setAttribute("role", "status");
  box.after(spoken);

  // The place of a heading's column: those of the first row span both rows.
  const place = new Map();
  const whole = sortable.filter(th => th.rowSpan > 1);
  [...whole, ...sortable.filter(th => th.rowSpan < 2)].forEach((th, k) => place.set(th, k));

  function sortBy(th) {
    const down = th.getAttribute("aria-sort") === "ascending";
    const number = th.dataset.kind === "number", column = place.get(th);
    const value = row => row.cells[column].dataset.value;
    rows.sort((a, b) => {
      const x = value(a), y = value(b);
      // What is missing stays last, whichever way.
      if (x === undefined || y === undefined) return (x === undefined) - (y === undefined);
      const order = number ? x - y : x.localeCompare(y, "en", { sensitivity: "base" });
      return down ? -order : order;
    });
    for (const other of sortable) other.removeAttribute("aria-sort");
    th.setAttribute("aria-sort", down ? "descending" : "ascending");
    body.append(...rows);
    const words = th.querySelector(".words").textContent;
    const group = [...th.classList].find(name => name.startsWith("of-"));
    spoken.textContent = `Sorted by ${words}${group ? ` of ${group.slice(3)}` : ""}, ` +
      `${down ? "largest or last" : "smallest or first"} on top.`;
  }

  for (const th of sortable) {
    const words = th.querySelector(".words"), button = document.createElement("button");
    button.type = "button";
    words.replaceWith(button);
    button.append(words);
    button.addEventListener("click", () => sortBy(th));
  }

  const fluxes = ["SR", "HR", "AR"];
  const choice = document.createElement("fieldset");
  choice.className = "models-table-choice";
  const legend = document.createElement("legend");
  legend.textContent = "Scores of the maps of";
  choice.append(legend);
  const show = flux => {
    for (const other of fluxes) table.classList.toggle(`without-${other}`, other !== flux);
  };
  for (const flux of fluxes) {
    const label = document.createElement("label"), input = document.createElement("input");
    Object.assign(input, {
      type: "radio", name: "models-table-flux", value: flux, checked: flux === "HR",
    });
    input.addEventListener("change", () => show(flux));
    label.append(input, ` ${flux}`);
    choice.append(label);
  }
  box.before(choice);
  show("HR");
});
