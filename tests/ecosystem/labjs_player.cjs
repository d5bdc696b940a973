// Goes through a lab.js study as a participant: `node labjs_player.cjs MODULES CHROMIUM LIBRARY FOLDER ADDRESS [KEY ...]`.
//
// LIBRARY is the npm package's name. The study is put together from FOLDER/experiment.study.json as the builder's export
// does it (components nested, responses as events, grids as typed rows, scripts as functions), in FOLDER/built.
// ADDRESS is what follows index.html ("?participant=p02"). The keys are pressed in turn, one a trial.
// Says {version, errors, csv}; FOLDER/trial.png and end.png are what was seen.
"use strict";
const fs = require("fs");
const path = require("path");
const [modules, executablePath, library, folder, address, ...keys] = process.argv.slice(2);
const { chromium } = require(path.join(modules, "playwright-core"));
const { components, files, version } = JSON.parse(fs.readFileSync(path.join(folder, "experiment.study.json"), "utf8"));
const is_old = !require(path.join(modules, library, "package.json")).version.startsWith("23");

const ENDED = `study.status >= ${is_old ? 3 : 4}`;
const pairs = (list, name, value) => Object.fromEntries(list.map((one) => [name(one), value(one)]));
const typed = (cell, type) => type === "number" ? (cell.trim() === "" ? null : Number(cell)) : cell.trim();

function built(id) {
  const { children, responses, parameters, messageHandlers, templateParameters: grid, files: own, ...part } = components[id];
  const event = (one) => one.event + (one.filter ? `(${one.filter})` : "") + (one.target ? ` ${one.target}` : "");
  const nested = (children || []).map(built);
  delete part.id;
  return {
    ...part, files: {}, parameters: {},
    responses: pairs(responses, event, (one) => one.label),
    [is_old ? "messageHandlers" : "hooks"]: pairs(messageHandlers, (one) => one.message, (one) => new Function(one.code)),
    ...(part.type === "lab.flow.Loop" ? { template: is_old ? nested[0] : nested, shuffleGroups: [], templateParameters: grid.rows.map((row) =>
      Object.fromEntries(row.map((cell, at) => [grid.columns[at].name, typed(cell, grid.columns[at].type)]))) } : {}),
    ...(part.type === "lab.flow.Sequence" ? { content: nested } : {}),
    plugins: (part.plugins || []).map((one) => is_old ? one : { ...one, path: one.type }),
  };
}

// Functions as their text, all else as JSON.
function written(value) {
  if (typeof value === "function") return value.toString();
  if (Array.isArray(value)) return `[${value.map(written).join(",")}]`;
  if (value && typeof value === "object") {
    return `{${Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}:${written(one)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}

function write(name, data) {
  const file = path.join(folder, "built", name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, data);
}

function build() {
  const dist = path.join(modules, library, "dist");
  for (const [name, { content }] of Object.entries(files.files)) {
    const [, base64, data] = /^data:[^,;]*(;base64)?,(.*)$/.exec(content);
    write(name, base64 ? Buffer.from(data, "base64") : decodeURIComponent(data));
  }
  const header = '<script src="lib/lab.js"></script><link rel="stylesheet" href="lib/lab.css">' +
    '<script src="script.js" defer></script><link rel="stylesheet" href="style.css">';
  const index = path.join(folder, "built", "index.html");
  write("index.html", fs.readFileSync(index, "utf8").replace("${ header }", header));
  for (const [name, within] of [["lab.js", "umd"], ["lab.css", "css"]]) {
    write(`lib/${name}`, fs.readFileSync(path.join(dist, is_old ? "" : within, name)));
  }
  const root = built("root");
  const make = is_old ? "lab.util.fromObject(tree, lab)" : "lab.core.deserialize(tree)";
  write("script.js", `const tree = ${written(root)};\nvar study = ${make};\nstudy.run();`);
  return index;
}

async function play(page) {
  for (let trial = 0; ;) {
    await page.waitForFunction(
      `document.querySelector('[data-go], [data-agree], form, [data-answer]') || ${ENDED}`, null, { timeout: 20000 });
    const html = await page.evaluate("document.querySelector('main').outerHTML");
    const has = (selector) => page.$(selector);
    if (await has("[data-agree]")) await page.click("[data-agree]");
    else if (await has("form")) await page.click("form button");
    else if (await has("[data-go]")) await page.keyboard.press("Space");
    else if (await has("[data-answer=done]")) {
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("Enter");
    } else if (await has("[data-answer]")) {
      if (trial === 0) await page.screenshot({ path: path.join(folder, "trial.png") });
      const key = keys[trial++ % keys.length];
      if (key === "click") await page.click("[data-answer]");
      else if (key !== "none") await page.keyboard.press(key);
    } else if (await page.evaluate(ENDED)) return;
    else continue;
    await page.waitForFunction((was) => document.querySelector("main").outerHTML !== was || study.data.ended_on, html,
      { timeout: 20000 });
  }
}

(async () => {
  const browser = await chromium.launch({ executablePath, headless: true, args: ["--no-sandbox", "--disable-gpu"] });
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("requestfailed", (request) => errors.push(request.url()));
  page.on("console", (line) => line.type() === "error" && errors.push(line.text()));
  await page.goto(`file://${build()}${address}`);
  await play(page).catch((error) => errors.push(String(error)));
  await page.screenshot({ path: path.join(folder, "end.png") });
  const store = "(study.internals.controller.global || study.internals.controller).datastore";
  console.log(JSON.stringify({ version, errors, csv: await page.evaluate(`${store}.exportCsv()`) }));
  await browser.close();
})();
