// Draws the charts of a report when they come into view, and lets its tables be sorted. Runs after
// the bundle of Vega, Vega-Lite and vega-embed, under a policy that allows no eval, no styles in
// markup and no network: expressions are interpreted, styles are set through the CSSOM.

const root = document.documentElement;
const readJson = (id) => JSON.parse(document.getElementById(id).textContent);
const theme = readJson("reportTheme");
const tables = readJson("reportData");
const dark = window.matchMedia("(prefers-color-scheme: dark)");

// ---- Data and specifications ----

// A column is a list of values, or texts that repeat: {texts, rows}, rows holding indices or null.
function columnValues(column) {
  if (Array.isArray(column)) return column;
  return column.rows.map((index) => (index === null ? null : column.texts[index]));
}

// The rows of a source of a chart: objects with the columns it reads.
function sourceRows({ table, columns }) {
  const values = columns.map((name) => columnValues(tables[table][name]));
  return values[0].map((_, row) =>
    Object.fromEntries(columns.map((name, column) => [name, values[column][row]])),
  );
}

// b over a; lists are replaced.
function merged(a, b) {
  const result = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const both = isObject(result[key]) && isObject(value);
    result[key] = both ? merged(result[key], value) : value;
  }
  return result;
}
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

// A copy with every "width": "container" as a number.
function withWidth(node, width) {
  if (Array.isArray(node)) return node.map((each) => withWidth(each, width));
  if (!isObject(node)) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) =>
      key === "width" && value === "container" ? [key, width] : [key, withWidth(value, width)],
    ),
  );
}

// The fields that channels with a legend read.
function legendFields(node, found = new Set()) {
  if (Array.isArray(node)) node.forEach((each) => legendFields(each, found));
  if (!isObject(node)) return found;
  for (const [key, value] of Object.entries(node)) {
    const channel = ["color", "fill", "stroke", "strokeDash", "shape"].includes(key);
    if (channel && isObject(value) && value.field && value.legend !== null) found.add(value.field);
    legendFields(value, found);
  }
  return found;
}

// How many labels of a legend stand in one row of `width` pixels.
function legendColumns(chart, width) {
  let longest = 0;
  let labels = 0;
  for (const field of legendFields(chart.spec)) {
    const texts = new Set();
    for (const rows of Object.values(chart.datasets)) {
      for (const row of rows) if (typeof row[field] === "string") texts.add(row[field]);
    }
    labels = Math.max(labels, texts.size);
    for (const text of texts) longest = Math.max(longest, text.length);
  }
  const entry = 40 + Math.min(300, 7 * longest);
  return Math.max(1, Math.min(labels, Math.floor(width / entry)));
}

// ---- Charts ----

// More rows are drawn on a canvas, which is faster; on paper, where every mark of an SVG weighs, sooner.
const kHeavyRows = { screen: 3000, print: 1000 };
const kPaperDots = 3; // of a canvas for a pixel
const kJoined = ["vconcat", "hconcat", "concat"];

const charts = [...document.querySelectorAll("div.chart")].map((box) => {
  const { spec, sources } = JSON.parse(box.parentElement.querySelector("script.spec").textContent);
  box.style.minHeight = `${box.dataset.height}px`; // so that nothing jumps
  return { box, id: box.parentElement.id, spec, sources, joined: kJoined.some((key) => key in spec) };
});
const chartOf = new Map(charts.map((chart) => [chart.box, chart]));

// Embeds a chart `width` pixels wide, all included, into an element that need not be shown yet.
async function embed(element, chart, { mode, width, renderer }) {
  chart.datasets ??= Object.fromEntries(
    chart.sources.map((source) => [source.table, sourceRows(source)]),
  );
  const config = merged(merged(theme.common, theme[mode]), {
    legend: { columns: legendColumns(chart, width - 60) },
    axisXQuantitative: { tickCount: Math.max(3, Math.min(10, Math.round(width / 100))) },
  });
  const render = (inner) => {
    const spec = withWidth(chart.spec, Math.max(60, inner));
    if (!chart.joined) spec.autosize ??= { type: "fit-x", contains: "padding" };
    return vegaEmbed(element, { ...spec, datasets: chart.datasets }, {
      mode: "vega-lite",
      ast: true,
      actions: false,
      defaultStyle: false,
      tooltip: showTooltip,
      renderer,
      config,
    });
  };
  if (!chart.joined) return render(width);
  // Views joined do not fit themselves: what axes and legends take is measured, then drawn again.
  const room = chart.room ?? 90;
  const result = await render(width - room);
  const shown = element.querySelector("svg, canvas");
  chart.room = Math.ceil(room + (parseFloat(shown.getAttribute("width")) || width) - width);
  if (Math.abs(chart.room - room) <= 1) return result;
  result.finalize();
  return render(width - chart.room);
}

const rowCount = (chart) =>
  Math.max(...chart.sources.map(({ table, columns }) => columnLength(tables[table][columns[0]])));
const columnLength = (column) => (Array.isArray(column) ? column : column.rows).length;

// Puts as many dots into the canvas of a chart as paper can show.
async function sharpen(element, view) {
  const coarse = element.querySelector("canvas");
  const sharp = await view.toCanvas(kPaperDots);
  sharp.style.width = `${coarse.width / (window.devicePixelRatio || 1)}px`;
  coarse.replaceWith(sharp);
}

// Draws a chart beside the old picture, then changes them over.
async function draw(chart, look) {
  const wanted = JSON.stringify(look);
  if (chart.wanted === wanted) return;
  chart.wanted = wanted;
  const element = document.createElement("div");
  try {
    const result = await embed(element, chart, look);
    if (look.paper && look.renderer === "canvas") await sharpen(element, result.view);
    if (chart.wanted !== wanted) return void result.finalize(); // another look is wanted by now
    chart.box.replaceChildren(element);
    chart.result?.finalize();
    chart.result = result;
    chart.box.style.minHeight = `${element.offsetHeight}px`;
    chart.box.dataset.state = "drawn";
  } catch (error) {
    console.error(chart.id, error);
    chart.box.textContent = `This chart could not be drawn: ${error.message}`;
    chart.box.dataset.state = "failed";
    chart.box.parentElement.querySelector("details.numbers").open = true;
  }
  root.dataset.chartsDrawn = document.querySelectorAll('div.chart[data-state="drawn"]').length;
  root.dataset.chartsFailed = document.querySelectorAll('div.chart[data-state="failed"]').length;
}

const rendererFor = (chart, medium) => (rowCount(chart) > kHeavyRows[medium] ? "canvas" : "svg");

function screenLook(chart) {
  return {
    mode: dark.matches ? "dark" : "light",
    width: chart.box.clientWidth,
    renderer: rendererFor(chart, "screen"),
  };
}

const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      const chart = chartOf.get(target);
      if (isIntersecting && !printing) draw(chart, screenLook(chart));
    }
  },
  { rootMargin: "500px 0px" },
);

// What is in view is drawn again where its look has changed, the rest when it comes into view.
function refresh() {
  for (const { box } of charts) {
    observer.unobserve(box);
    observer.observe(box);
  }
}

let resizing;
window.addEventListener("resize", () => {
  clearTimeout(resizing);
  resizing = setTimeout(refresh, 150);
});
dark.addEventListener("change", refresh);

// On paper every chart is drawn, light, sharp and as wide as a column of a page.
let printing = false;
window.addEventListener("beforeprint", () => {
  printing = true;
  for (const chart of charts) {
    const half = chart.box.parentElement.classList.contains("half");
    const renderer = rendererFor(chart, "print");
    draw(chart, { mode: "light", width: half ? 325 : 680, renderer, paper: true });
  }
});
window.addEventListener("afterprint", () => {
  printing = false;
  refresh();
});

// With shift held browsers turn the wheel sideways; charts that zoom look at its other axis.
for (const { box } of charts) {
  box.addEventListener(
    "wheel",
    (event) => {
      if (!event.shiftKey || event.deltaY !== 0 || event.deltaX === 0) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const { clientX, clientY, deltaX, deltaMode, shiftKey, view } = event;
      const turned = { clientX, clientY, deltaY: deltaX, deltaMode, shiftKey, view };
      event.target.dispatchEvent(
        new WheelEvent("wheel", { ...turned, bubbles: true, cancelable: true }),
      );
    },
    { capture: true, passive: false },
  );
}

// ---- Tooltip: the fields a chart lists, as plain text ----

const tip = document.createElement("div");
tip.className = "tip";
tip.hidden = true;
document.body.append(tip);

document.addEventListener("scroll", () => (tip.hidden = true), { passive: true });

function showTooltip(handler, event, item, value) {
  tip.hidden = value === null || value === undefined || value === "";
  if (tip.hidden) return;
  tip.replaceChildren();
  const fields = isObject(value) ? Object.entries(value) : [["", String(value)]];
  for (const [name, text] of fields) {
    const line = document.createElement("div");
    const label = document.createElement("span");
    label.textContent = name;
    const content = document.createElement("b");
    content.textContent = text;
    line.append(label, content);
    tip.append(line);
  }
  const { width, height } = tip.getBoundingClientRect();
  const right = event.clientX + 16 + width < root.clientWidth;
  const below = event.clientY + 16 + height < root.clientHeight;
  tip.style.left = `${Math.max(4, right ? event.clientX + 16 : event.clientX - 12 - width)}px`;
  tip.style.top = `${Math.max(4, below ? event.clientY + 16 : event.clientY - 12 - height)}px`;
}

// ---- Charts as files ----

function addSaving(chart) {
  const box = document.createElement("p");
  box.className = "saving";
  for (const format of ["svg", "png"]) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = format.toUpperCase();
    button.title = `Save this chart as ${format.toUpperCase()}`;
    button.addEventListener("click", () => save(chart, format));
    box.append(button);
  }
  chart.box.parentElement.append(box);
}

async function save(chart, format) {
  const look = { mode: "light", width: 640, renderer: "svg" };
  const { view, finalize } = await embed(document.createElement("div"), chart, look);
  view.background("white");
  const link = document.createElement("a");
  link.href = await view.toImageURL(format, 3);
  link.download = `${chart.id}.${format}`;
  link.click();
  finalize();
}

// ---- Tables ----

const collator = new Intl.Collator(undefined, { numeric: true });

// Cells with a value go by it, then come those with a text; empty ones are last either way.
function compareCells(a, b, direction) {
  const rank = (cell) => ("value" in cell.dataset ? 0 : cell.textContent === "" ? 2 : 1);
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (rank(a) === 0) return direction * (Number(a.dataset.value) - Number(b.dataset.value));
  return direction * collator.compare(a.textContent, b.textContent);
}

function sortBy(table, heading) {
  const column = heading.cellIndex;
  const direction = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  rows.sort((a, b) => compareCells(a.cells[column], b.cells[column], direction));
  body.append(...rows);
}

for (const table of document.querySelectorAll("table.sortable")) {
  for (const heading of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sortBy(table, heading));
    heading.append(button);
  }
}

// The numbers behind a chart are open for readers without scripts.
for (const details of document.querySelectorAll("details.numbers")) details.open = false;

root.dataset.charts = charts.length;
root.dataset.chartsDrawn = 0;
root.dataset.chartsFailed = 0;
charts.forEach(addSaving);
refresh();
