// Helpers shared by the scripts below, the theme switch and sortable tables.
const byId = (id) => document.getElementById(id);
const plain = (digits) => new Intl.NumberFormat("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const shown = (value, digits = 1) => value === null || value === undefined ? "–" : plain(digits).format(value).replace("-", "−");

// Make an element; children that are text become text nodes, so that data never becomes markup.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const naturally = new Intl.Collator("en", { numeric: true }).compare;
// Compare two cells; missing ones are always last.
function compareCells(a, b, sign) {
  const missing = (value) => value === null || value === "" || value === undefined;
  if (missing(a) || missing(b)) return missing(a) - missing(b);
  return sign * (typeof a === "number" && typeof b === "number" ? a - b : naturally(String(a), String(b)));
}

{
  const button = byId("theme"), root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const tell = () => {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", `Switch to the ${button.textContent.toLowerCase()} theme`);
  };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("dcopt-theme", root.dataset.theme); } catch { /* a file may keep nothing */ }
    tell();
  });
  system.addEventListener("change", tell);
  tell();
}

// Give each head cell of a table a button that sorts; `sort(column, sign)` does the work.
function sortableHeads(heads, sort) {
  heads.forEach((head, column) => {
    const button = make("button", { type: "button" }, ...head.childNodes);
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      sort(column, sign);
    });
  });
}

document.querySelectorAll("table[data-sort]").forEach((table) => {
  const body = table.tBodies[0];
  const cell = (row, column) => {
    const { value } = row.cells[column].dataset;
    if (value === undefined) return row.cells[column].textContent;
    return value === "" ? null : Number(value);
  };
  sortableHeads([...table.tHead.rows[0].cells], (column, sign) => {
    const rows = [...body.rows].sort((a, b) => compareCells(cell(a, column), cell(b, column), sign));
    body.append(...rows);
  });
});
