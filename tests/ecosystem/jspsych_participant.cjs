// Participants of exported jsPsych folders, in a real browser: `node jspsych_participant.cjs < job.json`.
//
// A job is {modules, chromium, profile, visits}; a visit {page, query, start, refused, play, shots}:
//   start  the id of a button of the start page, clicked to begin
//   refused  expect the start page's warning, and return only that
//   play   "keys": real key presses, "clicks": the hints clicked; the right answer where a trial has one, else the
//          first. Without it the page simulates (its own `simulate` in the query).
// Prints a list, one entry a visit: {csv, name, preloaded, images, asked, shown, failed, errors, foreign, warning};
// `asked` are the pictures that were loaded before the instructions.
"use strict";
const fs = require("fs");
const path = require("path");
const { pathToFileURL } = require("url");

const job = JSON.parse(fs.readFileSync(0, "utf8"));
const { chromium } = require(path.join(job.modules, "playwright-core"));

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];
const WAIT = 180000;

async function shot(visit, page, name) {
  if (visit.shots) await page.screenshot({ path: `${visit.shots}_${name}.png` });
}

// What to press in this trial: read from the row that the page was given, not from what it would count as right.
const what_to_press = () => {
  const row = played[results.length], look = look_of(row), count = results.length;
  if (look === "adjustment") {
    const from = line.indexOf(pictures.get(row.stim_b)), to = line.indexOf(pictures.get(row.stim_a));
    return { count, steps: Math.abs(to - from), key: to < from ? "ArrowLeft" : "ArrowRight" };
  }
  const known = Object.keys(keys[look]);
  return { count, key: known.find((key) => keys[look][key] === row.correct) || known[0] };
};

const pictures_shown = () => [...document.querySelectorAll(".jspsych-content img, .jspsych-content canvas")].map((one) => ({
  width: one.getBoundingClientRect().width,
  natural: one.naturalWidth || one.width,
  rendering: getComputedStyle(one).imageRendering,
}));

async function play(visit, page, asked, told) {
  const seen = new Set();
  await page.evaluate(() => {
    window.played = trials ? rows_of(address.get("participant")) : small_design(address.get("task"), address.get("participant"));
  });
  for (;;) {
    await page.waitForSelector("[data-key], #end", { timeout: WAIT });
    if (await page.$("#end")) return;
    const kind = (await page.$(".page")) ? ((await page.evaluate("results.length")) ? "break" : "instructions") : "trial";
    if (!seen.has(kind)) await shot(visit, page, kind);
    seen.add(kind);
    if (kind === "instructions") told.asked = [...asked];
    if (kind !== "trial") {
      await page.keyboard.press("Space");
      await page.waitForSelector(".page", { state: "detached", timeout: WAIT });
      continue;
    }
    told.shown.push(...(await page.evaluate(pictures_shown)));
    const { count, steps, key } = await page.evaluate(what_to_press);
    if (steps !== undefined) {
      for (let step = 0; step < steps; step++) await page.keyboard.press(key);
      await page.keyboard.press("Enter");
    } else if (visit.play === "clicks") {
      await page.click(`[data-key="${key}"]`);
    } else {
      await page.keyboard.press(key.replace(/^arrow(.)/, (all, first) => "Arrow" + first.toUpperCase()));
    }
    await page.waitForFunction((before) => results.length > before, count, { timeout: WAIT });
  }
}

const sizes_of_all = () => Promise.all(stimuli.images.map((name) => new Promise((done) => {
  const image = new Image();
  image.onload = image.onerror = () => done([name, image.naturalWidth]);
  image.src = name;
})));

async function go(visit, context) {
  const told = { failed: [], errors: [], foreign: [], asked: [], shown: [] };
  const asked = [];
  const page = await context.newPage();
  page.on("console", (message) => { if (message.type() === "error") told.errors.push(message.text()); });
  page.on("pageerror", (error) => told.errors.push(String(error)));
  page.on("dialog", (dialog) => { told.errors.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("requestfailed", (request) => told.failed.push(request.url()));
  page.on("request", (request) => {
    if (!/^(file|data|blob):/.test(request.url())) told.foreign.push(request.url());
    if (request.url().endsWith(".png")) asked.push(decodeURI(request.url()).split("/").slice(-2).join("/"));
  });
  const download = page.waitForEvent("download", { timeout: 0 });
  download.catch(() => {});
  await page.goto(pathToFileURL(visit.page).href + (visit.query ? "?" + visit.query : ""));
  if (visit.start) {
    await shot(visit, page, "start");
    await page.click("#" + visit.start);
  }
  if (visit.refused) {
    told.warning = await page.textContent(".warning");
    await page.close();
    return told;
  }
  if (visit.play) await play(visit, page, asked, told);
  await page.waitForSelector("#end", { timeout: WAIT });
  await shot(visit, page, "end");
  const got = await download;
  told.name = got.suggestedFilename();
  told.csv = fs.readFileSync(await got.path(), "utf8");
  told.preloaded = await page.evaluate(() => jsPsych.data.get().filter({ trial_type: "preload" }).values()[0].success);
  told.images = await page.evaluate(sizes_of_all);
  await page.close();
  return told;
}

async function main() {
  const context = await chromium.launchPersistentContext(job.profile, {
    executablePath: job.chromium, headless: true, args: FLAGS, acceptDownloads: true, viewport: { width: 1280, height: 800 },
  });
  const told = [];
  try {
    for (const visit of job.visits) told.push(await go(visit, context));
  } finally {
    await context.close();
  }
  process.stdout.write(JSON.stringify(told));
}

main().catch((error) => {
  process.stderr.write(`${error.stack || error}\n`);
  process.exit(1);
});
