// The page of `gaia-stim explore`. What is looked at is one plain object, `now`; everything on the page follows from it,
// undo is a list of such objects, and the server is only ever asked about one of them.

const at = (id) => document.getElementById(id);
const LETTERS = { morph: ["A", "B"], grid: ["A", "B", "C", "D"], edit: ["A"] };
const PLACES = { grid: ["top left", "top right", "bottom left", "bottom right"], morph: ["alpha 0", "alpha 1"], edit: ["face"] };
const COARSE = [48, 64, 96, 128, 192, 256];      // pixels of a side while the hand moves: as fine as this machine can
const REST = 140;                            // milliseconds without a move, after which the stimulus itself is shown
const LOOKING = 1000;                        // milliseconds until it is asked again what is near
// A move waits for the picture under way and then for its own: these are of one way there and back.
const SLOW = 34, FAST = 20, MOST_SHOWN = 200;

let space = { names: [], attributes: [], has_shape: false };
let now = {
  kind: "morph", images: [], alpha: 0.5, u: 0.5, v: 0.5, amounts: {}, hold: [], beyond: false,
  steps: 9, rows: 5, cols: 5, spacing: "latent", vary: "both", hold_other: "a", name: "",
};
let active = 0, before = [], after = [], kept = "";
export const latencies = [];                 // milliseconds from event to paint, for whoever measures
globalThis.latencies = latencies;

// -- what is asked ---------------------------------------------------------------------------------------------------

function view() {
  const images = now.images.slice(0, LETTERS[now.kind].length);
  const part = now.vary === "both" ? {} : { vary: now.vary };
  if (now.vary !== "both" && now.kind !== "edit") part.hold_other = now.hold_other;
  if (now.kind === "morph") return { kind: "morph", images, alpha: now.alpha, ...part };
  if (now.kind === "grid") return { kind: "grid", images, u: now.u, v: now.v, ...part };
  return { kind: "edit", images, amounts: now.amounts, hold: now.hold, ...part };
}

const wanted = () => ({ steps: now.steps, rows: now.rows, cols: now.cols, spacing: now.spacing, name: now.name });

// In a notebook the page stands in a frame that has a link to the kernel; else it asks the server that it came from.
const link = globalThis.frameElement?.link;

async function ask(path, options = {}) {
  const answer = await (link || globalThis).fetch(path, options);
  const value = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(value.error || `the server answered ${answer.status}`);
  return value;
}

const post = (path) => ask(path, { method: "POST", body: JSON.stringify({ view: view(), wanted: wanted() }) });

// -- pictures --------------------------------------------------------------------------------------------------------

const socket = link ? link.socket() : new WebSocket(`ws://${location.host}/pictures`);
socket.binaryType = "arraybuffer";
let asked = 0, painted = 0, level = 2, resting = 0, pending = null, rested = "";
const flying = { coarse: null, fine: null };

function show(stamp) {
  pending = stamp ?? performance.now();
  busy("picture", true);
  clearTimeout(resting);
  resting = setTimeout(() => { pending = null; send("fine", performance.now()); }, REST);
  rested = "";
  if (!flying.coarse) { send("coarse", pending); pending = null; }
}

function send(quality, stamp) {
  if (socket.readyState !== 1 || !now.images.length || (quality === "fine" && flying.fine && (flying.again = true))) return;
  flying[quality] = { id: ++asked, stamp, sent: performance.now(), of: JSON.stringify(view()) };
  socket.send(JSON.stringify({ id: asked, view: view(), quality, side: COARSE[level] }));
}

function landed(id) {
  const quality = flying.coarse?.id === id ? "coarse" : "fine";
  const flight = flying[quality];
  flying[quality] = null;
  if (quality === "coarse" && pending !== null) { send("coarse", pending); pending = null; }
  if (quality === "fine" && flying.again) { flying.again = false; send("fine", performance.now()); }
  return { quality, flight };
}

socket.onopen = () => show();
socket.onclose = () => say("The server has ended. Start it again, and open the address that it prints.", true);
socket.onmessage = ({ data }) => {
  if (typeof data === "string") {
    const { id, error } = JSON.parse(data);
    const { flight } = landed(id);
    return flight?.of === JSON.stringify(view()) ? judge({ worries: [error], wrong: true }) : undefined;
  }
  const length = new DataView(data).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
  const { quality, flight } = landed(header.id);
  if (!flight || !isNews(quality, flight)) return undefined;
  painted = flight.id;
  paint(new ImageData(new Uint8ClampedArray(data, 4 + length), header.side), quality, flight);
  if (quality === "fine") { rested = flight.of; judge(header); }
  return undefined;
};

/** A stimulus counts if it is of what is looked at now; a coarse picture if nothing newer, and no stimulus of it, is shown. */
function isNews(quality, flight) {
  if (quality === "fine") return flight.of === JSON.stringify(view());
  return flight.id > painted && flight.of !== rested;
}

function paint(pixels, quality, flight) {
  const canvas = at("picture");
  if (canvas.width !== pixels.width) canvas.width = canvas.height = pixels.width;
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  if (quality !== "coarse" || !flight) return;
  const took = performance.now() - flight.sent;
  level = Math.max(0, Math.min(COARSE.length - 1, level + (took > SLOW ? -1 : took < FAST ? 1 : 0)));
  // The frame with these pixels is on the screen when the task after it runs.
  requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => { latencies.push(performance.now() - flight.stamp); if (latencies.length > 2000) latencies.shift(); };
    port2.postMessage(0);
  });
}

/** What is shown is what was asked for: say what to mind of it. */
function judge({ worries = [], wrong = false, disagreement, folds, shown = {}, copy_error: copies = {}, nearest = [], support, looking = false }) {
  // What is near is not known before all photographs were looked at.
  if (looking) resting = setTimeout(() => send("fine", performance.now()), LOOKING);
  busy("picture", false);
  at("light").className = wrong || folds ? "bad" : worries.length ? "mind" : "good";
  at("verdict").textContent = wrong ? "Cannot be shown" : worries.length ? "Mind" : "Nothing to warn of";
  at("worries").replaceChildren(...worries.map((text) => make("li", { textContent: text })));
  const said = Object.entries(shown).map(([name, [, reached]]) => reached === null ? null : `${name} shown ${signed(reached)} SD`);
  if (disagreement !== undefined) said.push(`photographs disagree over ${Math.round(100 * disagreement)} %`, `folds: ${folds}`);
  const errors = Object.values(copies);
  if (errors.length) said.push(`error of the model's copies: ${Math.max(...errors).toFixed(3)}`);
  if (support !== undefined) said.push(`distance to the nearest image: ${support.toFixed(2)}`);
  neighbours(nearest);
  at("figures").textContent = said.filter(Boolean).join(" · ");
}

/** The photographs whose codes are nearest, with how far that is: 1 is as far as images are from each other. */
function neighbours(nearest) {
  at("near").hidden = !nearest.length;
  at("nearest").replaceChildren(...nearest.map(({ name, distance }) =>
    make("li", { title: name }, thumbnail(name, { alt: name }), make("span", { textContent: distance.toFixed(2) }))));
}

// -- the page --------------------------------------------------------------------------------------------------------

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

const busy = (id, is) => at(id).setAttribute("aria-busy", String(is));
const signed = (x) => `${x < 0 ? "−" : "+"}${Math.abs(x).toFixed(1)}`;

const small = new Map();                     // of a notebook: the addresses of thumbnails that came with messages
/** An image of a photograph. */
function thumbnail(name, properties = {}) {
  const path = `/thumbnails/${name.split("/").map(encodeURIComponent).join("/")}`, image = make("img", { alt: "", ...properties });
  if (!link) return Object.assign(image, { src: path });
  if (!small.has(name)) small.set(name, link.fetch(path).then((answer) => answer.blob()).then((blob) => URL.createObjectURL(blob)));
  small.get(name).then((address) => { image.src = address; });
  return image;
}

function say(text, bad = false) {
  at("said").textContent = text;
  at("said").className = bad ? "bad" : "";
}

/** Change what is looked at. `done`: the hand has let go, and undo comes back to here. */
function change(part, { stamp, done = true } = {}) {
  Object.assign(now, part);
  if (done) keep();
  follow();
  show(stamp);
}

function keep() {
  const text = JSON.stringify(now);
  if (text === kept) return;
  if (kept) { before.push(kept); after = []; }
  kept = text;
}

function travel(from, to) {
  if (!from.length) return;
  to.push(kept);
  kept = from.pop();
  now = JSON.parse(kept);
  follow();
  show();
}

function follow() {
  const { kind } = now, letters = LETTERS[kind];
  active = Math.min(active, letters.length - 1);
  for (const radio of document.getElementsByName("kind")) radio.checked = radio.value === kind;
  for (const id of ["morph", "grid", "edit"]) at(id).hidden = id !== kind;
  at("frame").className = kind;
  for (const id of ["alpha", "u", "v"]) { at(id).value = now[id]; at(`${id}-said`).textContent = now[id].toFixed(3); }
  for (const id of ["steps", "rows", "cols", "spacing", "vary", "name"]) if (document.activeElement !== at(id)) at(id).value = now[id];
  at("beyond").checked = now.beyond;
  at("alpha").min = now.beyond ? -0.5 : 0;
  at("alpha").max = now.beyond ? 1.5 : 1;
  at("alpha").value = now.alpha;
  toggle("of-grid", kind === "grid");
  toggle("of-morph", kind !== "grid");
  toggle("of-space", kind !== "edit");
  toggle("of-hold", now.vary !== "both" && kind !== "edit");
  at("vary").disabled = !space.has_shape;
  const holds = [...letters.map((letter) => letter.toLowerCase()), "mean"];
  at("hold-other").replaceChildren(...holds.map((one) => make("option", { value: one, textContent: one === "mean" ? "their mean" : one.toUpperCase() })));
  at("hold-other").value = now.hold_other = holds.includes(now.hold_other) ? now.hold_other : "a";
  at("cross").hidden = kind !== "grid";
  at("cross").style.left = `${100 * now.u}%`;
  at("cross").style.top = `${100 * now.v}%`;
  at("undo").disabled = !before.length;
  at("redo").disabled = !after.length;
  at("picture").setAttribute("aria-label", words());
  for (const one of at("edit").querySelectorAll("[data-attribute]")) {
    const amount = now.amounts[one.dataset.attribute] || 0;
    one.querySelector("input[type=range]").value = amount;
    one.querySelector("output").textContent = `${signed(amount)} SD`;
    one.querySelector("input[type=checkbox]").checked = now.hold.includes(one.dataset.attribute);
  }
  slots();
  marks();
  command();
}

function toggle(name, is) {
  for (const one of document.getElementsByClassName(name)) one.hidden = !is;
}

function words() {
  const names = now.images.slice(0, LETTERS[now.kind].length).join(", ");
  if (now.kind === "morph") return `Morph of ${names} at alpha ${now.alpha.toFixed(2)}`;
  if (now.kind === "grid") return `Grid of ${names} at ${now.u.toFixed(2)} to the right, ${now.v.toFixed(2)} down`;
  return `${names} with ${Object.entries(now.amounts).filter(([, x]) => x).map(([name, x]) => `${name} ${signed(x)} SD`).join(", ") || "nothing moved"}`;
}

let slotted = "";
function slots() {
  const letters = LETTERS[now.kind], key = JSON.stringify([now.kind, now.images, active]);
  if (key === slotted) return;
  const had = at("slots").contains(document.activeElement);
  slotted = key;
  at("slots").className = now.kind;
  at("slots").replaceChildren(...letters.map((letter, place) => {
    const name = now.images[place], about = PLACES[now.kind][place];
    const button = make("button", { type: "button", title: name, onclick: () => { active = place; slots(); marks(); } },
      thumbnail(name), make("span", { textContent: `${letter}: ${name}` }));
    button.setAttribute("aria-pressed", String(place === active));
    button.setAttribute("aria-label", `${letter}, ${about}: ${name}. Press, then choose a photograph.`);
    return button;
  }));
  if (had) at("slots").children[active].focus();
}

function marks() {
  const letters = LETTERS[now.kind];
  for (const button of at("names").querySelectorAll("button")) {
    const places = letters.filter((_, place) => now.images[place] === button.dataset.name);
    button.classList.toggle("used", places.length > 0);
    button.dataset.at = places.join(" ");
    button.setAttribute("aria-label", button.dataset.name + (places.length ? `, is ${places.join(" and ")}` : ""));
  }
}

function list() {
  const text = at("filter").value.toLowerCase();
  const found = space.names.filter((name) => name.toLowerCase().includes(text));
  at("names").replaceChildren(...found.slice(0, MOST_SHOWN).map((name) => {
    const button = make("button", { type: "button", title: name, onclick: () => choose(name) },
      thumbnail(name, { loading: "lazy" }));
    button.dataset.name = name;
    return make("li", {}, button);
  }));
  at("more").textContent = found.length > MOST_SHOWN ? `${MOST_SHOWN} of ${found.length} are listed: filter by name.` : "";
  marks();
}

function choose(name) {
  const images = [...now.images];
  images[active] = name;
  active = (active + 1) % LETTERS[now.kind].length;
  unmeasured();
  change({ images });
}

let writing = 0, written = 0;
function command() {
  clearTimeout(writing);
  busy("command", true);
  const turn = ++written;
  writing = setTimeout(async () => {
    const { line, wrong } = await post("/deeds").then((found) => ({ line: found.command }), (error) => ({ line: error.message, wrong: true }));
    if (turn !== written) return;
    at("command").replaceChildren(...line.split(" ").flatMap((word) => [make("span", { textContent: word }), " "]));
    at("save").disabled = at("copy-command").disabled = at("copy-recipe").disabled = Boolean(wrong);
    busy("command", false);
  }, 150);
}

function attributes() {
  if (!space.attributes.length) {
    at("edit").append(make("p", { className: "hint", textContent: "No attribute vectors are open: start with --vectors, a folder that 'gaia-stim attributes fit' made." }));
    return;
  }
  for (const { name, sd, r2 } of space.attributes) {
    const slider = make("input", { type: "range", min: -3, max: 3, step: 0.1, value: 0 });
    slider.setAttribute("aria-label", `${name}, in standard deviations`);
    slider.oninput = ({ timeStamp }) => change({ amounts: { ...now.amounts, [name]: Number(slider.value) } }, { stamp: timeStamp, done: false });
    slider.onchange = () => keep();
    const hold = make("input", { type: "checkbox", onchange: () => change({ hold: hold.checked ? [...now.hold, name] : now.hold.filter((one) => one !== name) }) });
    const one = make("div", {}, make("label", {}, make("span", {}, name, make("small", { textContent: `  1 SD = ${Number(sd.toPrecision(2))}, R² ${r2.toFixed(2)}` }))),
      make("span", {}, make("output", { textContent: "+0.0 SD" }), " ", make("label", { className: "inline", style: "display:inline-flex" }, hold, "hold")), slider);
    hold.setAttribute("aria-label", `Hold ${name}`);
    one.dataset.attribute = name;
    at("edit").append(one);
  }
  at("edit").append(make("div", { className: "row" }, make("button", { type: "button", textContent: "All to 0", onclick: () => change({ amounts: {}, hold: [] }) })));
}

// -- steps -----------------------------------------------------------------------------------------------------------

function unmeasured() {
  at("ticks").replaceChildren();
  at("steps-said").textContent = "";
}

async function measure() {
  at("steps-said").className = "hint";
  at("steps-said").textContent = "Measuring…";
  at("measure").disabled = true;
  try {
    const found = await post("/places");
    const percent = (x) => `${(100 * x).toFixed(x < 0.1 ? 1 : 0)} %`;
    const of = found.metric.split(" (")[0], what = found.name === "latent" ? "" : `, ${percent(found.steps_cv_before)} in equal steps of the code`;
    at("steps-said").textContent = `Steps differ by ${percent(found.steps_cv)} (coefficient of variation; ${of})${what}.` +
      ` To judges that placed nothing: colour ${percent(found.judged.ciede2000)}, structure ${percent(found.judged.structural)}.`;
    if (now.kind === "morph") draw(found);
  } catch (error) {
    at("steps-said").className = "bad";
    at("steps-said").textContent = error.message;
  }
  at("measure").disabled = false;
}

/** A mark where each stimulus lies on the slider, and between them bars as high as the step is large. */
function draw({ places, distances }) {
  const low = Number(at("alpha").min), high = Number(at("alpha").max), part = (t) => (100 * (t - low)) / (high - low);
  const largest = Math.max(...distances, 1e-9);
  const ticks = places.map((t) => { const mark = make("i"); mark.style.left = `${part(t)}%`; return mark; });
  const bars = distances.map((length, step) => {
    const bar = make("b");
    Object.assign(bar.style, { left: `${part(places[step])}%`, width: `${part(places[step + 1]) - part(places[step])}%`, height: `${(16 * length) / largest}px` });
    return bar;
  });
  at("ticks").replaceChildren(...bars, ...ticks);
}

// -- deeds -----------------------------------------------------------------------------------------------------------

async function save() {
  say("Writing…");
  at("save").disabled = true;
  try {
    const made = await post("/sets");
    say(`Saved: ${made.stimuli} stimuli in ${made.folder}`);
  } catch (error) {
    say(error.message, true);
  }
  at("save").disabled = false;
}

async function copy(what) {
  try {
    const text = (await post("/deeds"))[what];
    await navigator.clipboard.writeText(text);
    say(`Copied the ${what}.`);
  } catch (error) {
    say(error.message, true);
  }
}

async function add(dropped) {
  for (const file of dropped) {
    try {
      const { name } = await ask(`/photographs?name=${encodeURIComponent(file.name)}`, { method: "POST", body: file });
      if (!space.names.includes(name)) space.names.unshift(name);
      list();
      choose(name);
      say(`Added ${name}.`);
    } catch (error) {
      say(`${file.name}: ${error.message}`, true);
    }
  }
}

// -- hands -----------------------------------------------------------------------------------------------------------

for (const id of ["alpha", "u", "v"]) {
  at(id).oninput = ({ timeStamp }) => change({ [id]: Number(at(id).value) }, { stamp: timeStamp, done: false });
  at(id).onchange = () => { keep(); follow(); };
}
for (const id of ["steps", "rows", "cols"]) at(id).onchange = () => { unmeasured(); change({ [id]: Number(at(id).value) }); };
for (const id of ["spacing", "vary"]) at(id).onchange = () => { unmeasured(); change({ [id]: at(id).value }); };
at("hold-other").onchange = () => { unmeasured(); change({ hold_other: at("hold-other").value }); };
at("name").oninput = () => change({ name: at("name").value }, { done: false });
at("name").onchange = () => keep();
at("beyond").onchange = () => {
  unmeasured();
  change({ beyond: at("beyond").checked, alpha: at("beyond").checked ? now.alpha : Math.max(0, Math.min(1, now.alpha)) });
};
for (const radio of document.getElementsByName("kind")) radio.onchange = () => { unmeasured(); change({ kind: radio.value }); };
at("filter").oninput = list;
at("files").onchange = () => add(at("files").files);
at("undo").onclick = () => travel(before, after);
at("redo").onclick = () => travel(after, before);
at("save").onclick = save;
at("measure").onclick = measure;
at("copy-command").onclick = () => copy("command");
at("copy-recipe").onclick = () => copy("recipe");

document.addEventListener("keydown", (event) => {
  const writes = ["text", "search", "number"].includes(event.target.type);
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || writes) return;
  event.preventDefault();
  if (event.shiftKey) travel(after, before); else travel(before, after);
});

const clip = (x) => Math.round(200 * Math.max(0, Math.min(1, x))) / 200;
function drag(event) {
  const box = at("frame").getBoundingClientRect();
  const u = clip((event.clientX - box.left) / box.width), v = clip((event.clientY - box.top) / box.height);
  if (now.kind === "grid") change({ u, v }, { stamp: event.timeStamp, done: false });
  if (now.kind === "morph") change({ alpha: u }, { stamp: event.timeStamp, done: false });
}
at("frame").onpointerdown = (event) => { at("frame").setPointerCapture(event.pointerId); drag(event); };
at("frame").onpointermove = (event) => { if (at("frame").hasPointerCapture(event.pointerId)) drag(event); };
at("frame").onpointerup = () => { keep(); follow(); };

document.addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("dropping"); });
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  add(event.dataTransfer.files);
});

space = await ask("/state");
at("model").textContent = `${space.model.split("/").slice(-1)[0]} · ${space.size} px · ${space.names.length} photographs · sets go to ${space.out}`;
now.images = [0, 1, 2, 3].map((place) => space.names[Math.min(place, space.names.length - 1)]).filter(Boolean);
attributes();
list();
if (now.images.length) change({}); else judge({ worries: ["drop two photographs to begin"], wrong: true });
