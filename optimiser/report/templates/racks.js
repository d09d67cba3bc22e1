// The rack map: one tile a rack, coloured by a metric, before or after the plan or by the change.
if (report.racks.length) {
  const METRICS = {
    power: { title: "peak power", unit: "kW", digits: 1, limit: "powerLimit", factor: 1 },
    inlet: { title: "warmest inlet air", unit: "°C", digits: 1, limit: "inletLimit", factor: 1 },
    load: { title: "load", unit: "%", digits: 0, limit: null, factor: 100 },
  };
  const NEAR = 0.95;
  const form = byId("rack-controls"), map = byId("rack-map"), tip = byId("tip");
  const tiles = [];

  const value = (rack, side, metric) => {
    const raw = rack[side][metric];
    return raw === null ? null : raw * METRICS[metric].factor;
  };
  const change = (rack, metric) => {
    const [before, after] = [value(rack, "before", metric), value(rack, "after", metric)];
    return before === null || after === null ? null : after - before;
  };
  const read = (rack, side, metric) => side === "change" ? change(rack, metric) : value(rack, side, metric);

  // One scale for before and after, so that switching between them compares like with like.
  function scaleOf(side, metric) {
    const sides = side === "change" ? ["change"] : ["before", "after"];
    const all = report.racks.flatMap((rack) => sides.map((s) => read(rack, s, metric))).filter((v) => v !== null);
    if (side === "change") {
      const reach = Math.max(...all.map(Math.abs), 1e-9);
      return { low: -reach, high: reach };
    }
    const high = Math.max(...all, 1e-9);
    return { low: metric === "inlet" ? Math.floor(Math.min(...all)) : 0, high };
  }

  function nearLimit(rack, side, metric) {
    const limit = rack[METRICS[metric].limit] ?? null;
    const now = value(rack, side === "before" ? "before" : "after", metric);
    if (limit === null || now === null) return false;
    // For air, one kelvin is near; a share of degrees Celsius would mean nothing.
    return metric === "inlet" ? now > limit - 1 : now > NEAR * limit;
  }

  function paint() {
    const { metric, side } = Object.fromEntries(new FormData(form));
    const { unit, digits, title } = METRICS[metric];
    const scale = scaleOf(side, metric);
    for (const { rack, tile } of tiles) {
      const now = read(rack, side, metric);
      const share = now === null ? 0 : side === "change" ? Math.abs(now) / scale.high : (now - scale.low) / (scale.high - scale.low || 1);
      const high = side === "change" ? (now > 0 ? "--more" : "--less") : `--${metric}-high`;
      const near = nearLimit(rack, side, metric);
      tile.style.setProperty("--t", `${(100 * share).toFixed(1)}%`);
      tile.style.setProperty("--high", `var(${high})`);
      tile.style.setProperty("--low", side === "change" ? "var(--even)" : `var(--${metric}-low)`);
      // Between these shares dark text reads best in both themes; beyond, the contrast turns.
      const turn = side === "change" ? 0.8 : 0.62;
      tile.classList.toggle("strong", share > turn);
      tile.classList.toggle("middle", share > 0.55 && share <= turn);
      tile.classList.toggle("none", now === null);
      tile.classList.toggle("near", near);
      const sign = side === "change" && now > 0 ? "+" : "";
      tile.querySelector("b").textContent = now === null ? "–" : sign + shown(now, digits);
      const limit = near ? ", close to its limit" : "";
      tile.setAttribute("aria-label", `${rack.name}: ${title} ${now === null ? "unknown" : sign + shown(now, digits)} ${unit}${limit}`);
    }
    legend(metric, side, scale);
  }

  function legend(metric, side, scale) {
    const { unit, digits, title } = METRICS[metric];
    const ramp = make("i", { "aria-hidden": "true" });
    ramp.style.background = side === "change"
      ? "linear-gradient(in oklab 90deg, var(--less), var(--even), var(--more))"
      : `linear-gradient(in oklab 90deg, var(--${metric}-low), var(--${metric}-high))`;
    const ends = [scale.low, scale.high].map((end) => (side === "change" && end > 0 ? "+" : "") + shown(end, digits));
    byId("rack-legend").replaceChildren(make("span", {}, ends[0]), ramp, make("span", {}, `${ends[1]} ${unit}`));
    const near = tiles.filter(({ tile }) => tile.classList.contains("near")).length;
    const what = side === "change" ? `Change of ${title} from today to the plan.` : `${title[0].toUpperCase()}${title.slice(1)} of each rack.`;
    byId("rack-note").textContent = near ? `${what} A marked corner means close to the limit: ${near} ${near === 1 ? "rack" : "racks"}.` : what;
  }

  function details(rack) {
    const line = (name, metric, key, digits, factor, limit) => {
      const cells = ["before", "after"].map((side) => rack[side][key] === null ? "–" : shown(rack[side][key] * factor, digits));
      return make("tr", {}, make("th", { scope: "row" }, name), ...cells.map((text) => make("td", {}, text)), make("td", {}, limit));
    };
    const limitOf = (limit) => limit === null ? "–" : shown(limit, 1);
    const head = make("tr", {}, make("th", {}, ""), ...["before", "after", "limit"].map((text) => make("th", { scope: "col" }, text)));
    const body = make("tbody", {},
      line("Peak power, kW", "power", "power", 1, 1, limitOf(rack.powerLimit)),
      line("Mean power, kW", "power", "mean", 1, 1, ""));
    if (rack.after.inlet !== null) body.append(line("Warmest inlet, °C", "inlet", "inlet", 1, 1, limitOf(rack.inletLimit)));
    body.append(line("Load, %", "load", "load", 0, 100, ""), line("Hosts on", "on", "on", 0, 1, `of ${rack.hosts}`));
    const place = [rack.zone, rack.row && `row ${rack.row}`].filter(Boolean).join(", ");
    return [make("b", {}, rack.name), make("span", { class: "muted" }, place ? ` ${place}` : ""), make("table", {}, make("thead", {}, head), body)];
  }

  function showTip(rack, tile) {
    tip.replaceChildren(...details(rack));
    tip.hidden = false;
    const box = tile.getBoundingClientRect(), width = document.documentElement.clientWidth;
    const left = Math.max(8, Math.min(box.left + box.width / 2 - tip.offsetWidth / 2, width - tip.offsetWidth - 8));
    const above = box.top - tip.offsetHeight - 8;
    tip.style.left = `${left + scrollX}px`;
    tip.style.top = `${(above > 60 ? above : box.bottom + 8) + scrollY}px`;
  }
  const hideTip = () => { tip.hidden = true; };

  function tileOf(rack) {
    const tile = make("button", { type: "button", class: "tile", tabindex: tiles.length ? "-1" : "0" }, make("b"), make("small", {}, rack.name));
    tiles.push({ rack, tile });
    for (const event of ["pointerenter", "focus", "click"]) tile.addEventListener(event, () => showTip(rack, tile));
    for (const event of ["pointerleave", "blur"]) tile.addEventListener(event, hideTip);
    return tile;
  }

  const grouped = (racks, key) => {
    const groups = new Map();
    for (const rack of racks) groups.set(rack[key] ?? "", [...(groups.get(rack[key] ?? "") ?? []), rack]);
    return [...groups].sort(([a], [b]) => naturally(a, b));
  };
  for (const [zone, inZone] of grouped(report.racks, "zone")) {
    const block = make("div", { class: "zone" });
    if (zone) block.append(make("h3", {}, zone));
    for (const [row, racks] of grouped(inZone, "row")) {
      racks.sort((a, b) => a.position - b.position);
      const line = make("div", { class: row ? "row" : "row nameless" }, ...(row ? [make("span", {}, `Row ${row}`)] : []));
      line.append(make("div", { class: "tiles" }, ...racks.map(tileOf)));
      block.append(line);
    }
    map.append(block);
  }

  // One tile is in the tab order; arrow keys go on from it.
  function neighbour(index, key) {
    if (key === "ArrowRight" || key === "ArrowLeft") return index + (key === "ArrowRight" ? 1 : -1);
    const here = tiles[index].tile.getBoundingClientRect(), sign = key === "ArrowDown" ? 1 : -1;
    let best = index, least = Infinity;
    tiles.forEach(({ tile }, other) => {
      const box = tile.getBoundingClientRect(), down = sign * (box.top - here.top);
      const distance = down * 4 + Math.abs(box.left - here.left);
      if (down > 4 && distance < least) [best, least] = [other, distance];
    });
    return best;
  }
  map.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hideTip();
    if (!event.key.startsWith("Arrow")) return;
    const index = tiles.findIndex(({ tile }) => tile === document.activeElement);
    const next = tiles[neighbour(index, event.key)];
    if (index < 0 || !next) return;
    event.preventDefault();
    tiles[index].tile.tabIndex = -1;
    next.tile.tabIndex = 0;
    next.tile.focus();
  });
  form.addEventListener("change", paint);
  form.addEventListener("submit", (event) => event.preventDefault());
  paint();
}
