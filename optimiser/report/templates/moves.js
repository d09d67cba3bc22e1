// The list of moves: filter, sort, pages, and a download for a spreadsheet.
if (report.moves.rows.length) {
  const { words, rows } = report.moves;
  const PAGE = 25;
  const word = (column) => (row) => words[row[column]];
  const raw = (column) => (row) => row[column];
  const time = (s) => s === null ? "–" : s < 90 ? `${shown(s, 0)} s` : s < 5400 ? `${shown(s / 60, 0)} min` : `${shown(s / 3600, 1)} h`;
  const COLUMNS = [
    { title: "Step", csv: "order", get: raw(0), show: (v) => shown(v, 0), number: true },
    { title: "Wave", csv: "wave", get: raw(1), show: (v) => shown(v, 0), number: true },
    { title: "Workload", csv: "workload", get: raw(2) },
    { title: "Service", csv: "service", get: word(3) },
    { title: "From", csv: "source", get: word(4) },
    { title: "To", csv: "target", get: word(5) },
    { title: "Memory, GiB", csv: "memory_gib", get: raw(6), show: (v) => shown(v, v >= 10 || Number.isInteger(v) ? 0 : 1), number: true },
    { title: "Time", csv: "seconds", get: raw(7), show: time, number: true },
    { title: "Takes, kWh", csv: "energy_kwh", get: raw(11), show: (v) => shown(v, v < 0.1 ? 4 : 2), number: true },
    { title: "Saves, kWh/year", csv: "saved_kwh_per_year", get: raw(8), show: (v) => shown(v, 0), number: true },
    { title: "Pays back, days", csv: "payback_days", get: raw(9), show: (v) => shown(v, v < 10 ? 1 : 0), number: true },
    { title: "Why", csv: "reason", get: word(10) },
  ].filter((column) => rows.some((row) => column.get(row) !== null && column.get(row) !== ""));
  const table = byId("move-table"), filter = byId("move-filter"), wave = byId("move-wave");
  const texts = rows.map((row) => COLUMNS.filter((c) => !c.number).map((c) => c.get(row)).join("\n").toLowerCase());
  let order = rows.map((_, index) => index), page = 0;

  function matching() {
    const wanted = filter.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    return order.filter((index) =>
      (wave.value === "" || rows[index][1] === Number(wave.value)) && wanted.every((part) => texts[index].includes(part)));
  }

  function cellOf(column, row) {
    const value = column.get(row), text = column.show ? column.show(value) : value;
    const kind = column.number ? "n" : column.csv === "reason" ? "words" : "word";
    const classes = `${kind} is-${column.csv}`;
    return column.csv === "workload" ? make("th", { scope: "row", class: classes }, text) : make("td", { class: classes }, text);
  }

  function draw() {
    const found = matching(), last = Math.max(0, Math.ceil(found.length / PAGE) - 1);
    page = Math.min(Math.max(page, 0), last);
    const part = found.slice(page * PAGE, (page + 1) * PAGE);
    table.tBodies[0].replaceChildren(...part.map((index) => make("tr", {}, ...COLUMNS.map((c) => cellOf(c, rows[index])))));
    const range = found.length ? `${shown(page * PAGE + 1, 0)}–${shown(page * PAGE + part.length, 0)} of ${shown(found.length, 0)}` : "No";
    byId("move-status").textContent = `${range} moves${found.length < rows.length ? `, filtered from ${shown(rows.length, 0)}` : ""}`;
    byId("move-back").disabled = page === 0;
    byId("move-next").disabled = page === last;
  }

  // Spreadsheets run cells that start with these signs; an apostrophe keeps them text.
  function csvCell(column, row) {
    const value = column.get(row);
    if (value === null) return "";
    if (column.number) return String(value);
    const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }
  function download() {
    const lines = [COLUMNS.map((c) => c.csv), ...rows.map((row) => COLUMNS.map((c) => csvCell(c, row)))];
    const file = new Blob(["\ufeff", lines.map((line) => line.join(",")).join("\r\n"), "\r\n"], { type: "text/csv" });
    const link = make("a", { href: URL.createObjectURL(file), download: `${report.file}-moves.csv` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  const heads = COLUMNS.map((c) => make("th", { scope: "col", class: `${c.number ? "n " : ""}is-${c.csv}` }, c.title));
  table.tHead.rows[0].append(...heads);
  heads[0].setAttribute("aria-sort", "ascending");
  sortableHeads(heads, (column, sign) => {
    const { get } = COLUMNS[column];
    order = rows.map((_, index) => index).sort((a, b) => compareCells(get(rows[a]), get(rows[b]), sign));
    page = 0;
    draw();
  });
  for (const name of [...new Set(rows.map((row) => row[1]))].sort((a, b) => a - b)) wave.append(make("option", { value: name }, `Wave ${name}`));
  const restart = () => { page = 0; draw(); };
  filter.addEventListener("input", restart);
  wave.addEventListener("change", restart);
  byId("move-back").addEventListener("click", () => { page -= 1; draw(); });
  byId("move-next").addEventListener("click", () => { page += 1; draw(); });
  byId("move-csv").addEventListener("click", download);
  draw();
}
