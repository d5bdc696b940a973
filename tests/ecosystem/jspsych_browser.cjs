// A browser that does as it is told, a line of JSON a command: `node jspsych_browser.cjs MODULES CHROMIUM PROFILE …`,
// with more of Chromium's own options at the end.
//
//   {do: "open", url, viewport}        -> the page's number; `viewport` of a phone has touch, and its own profile
//   {do: "answer", page, count, how}   answer so many trials ("keys" or "taps"), passing over pages of text
//   {do: "press", page, key}           a key as jsPsych calls it
//   {do: "wait", page, selector}       -> its text
//   {do: "goes", page, to}             wait until its address has this in it
//   {do: "js", page, code}             -> its value
//   {do: "click" | "tap", page, selector}, {do: "reload" | "close" | "shot", page, path}, {do: "size", page, width, height}
//   {do: "press", page, selector, key}, {do: "mouse", page, steps}   real keys, real moves of the mouse: [["move", x, y], ["down"] …]
//   {do: "downloads"}                  -> [name, text] of every file so far
// Each is answered by {value} or {error}.
"use strict";
const fs = require("fs");
const path = require("path");
const readline = require("readline");

const [modules, executablePath, profile, ...more] = process.argv.slice(2);
const { chromium } = require(path.join(modules, "playwright-core"));
const ARGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", ...more,
];
const WAIT = 15000;
const contexts = {}, pages = [], downloads = [];

async function context_of(viewport) {
  const kind = viewport ? `${viewport.width}x${viewport.height}` : "desktop";
  contexts[kind] = contexts[kind] || await chromium.launchPersistentContext(path.join(profile, kind), {
    executablePath, headless: true, args: ARGS, acceptDownloads: true, viewport: viewport || { width: 1280, height: 800 },
    hasTouch: Boolean(viewport), isMobile: Boolean(viewport), deviceScaleFactor: viewport ? 3 : 1,
  });
  return contexts[kind];
}

const ENDS = "#end, #sending, #failed, #other-tab, #blocked";

const press_key = (page, key) =>
  page.keyboard.press(key === " " ? "Space" : key.replace(/^arrow(.)/, (all, first) => "Arrow" + first.toUpperCase()));

async function answer(page, count, how) {
  const press = (key, selector) => how === "taps" ? page.tap(selector) : press_key(page, key);
  for (let done = 0; done < count;) {
    await page.waitForSelector(`[data-key], ${ENDS}`, { timeout: WAIT });
    if (await page.$(ENDS)) return done;
    if (await page.$(".page")) {
      await press(" ", '.page [data-key=" "]');
      await page.waitForSelector(".page", { state: "detached", timeout: WAIT });
      continue;
    }
    const before = await page.evaluate("results.length");
    const last = await page.evaluate("results.length === total - 1");
    const key = await page.evaluate("document.querySelector('.jspsych-content [data-key]').dataset.key");
    await press(key, `[data-key="${key}"]`);
    const next = key.startsWith("arrow") && await page.$("#jspsych-reconstruction-next");
    if (next) await (how === "taps" ? next.tap() : page.keyboard.press("Enter"));
    done++;
    if (last) return done; // and the page may go elsewhere
    await page.waitForFunction((was) => results.length > was, before, { timeout: WAIT });
  }
  return count;
}

const told = {
  open: async ({ url, viewport }) => {
    const page = await (await context_of(viewport)).newPage();
    page.on("download", (one) => downloads.push(one));
    page.errors = [];
    page.on("pageerror", (error) => page.errors.push(String(error)));
    await page.goto(url);
    return pages.push(page) - 1;
  },
  answer: ({ page, count, how }) => answer(pages[page], count, how),
  key: ({ page, key }) => press_key(pages[page], key),
  wait: async ({ page, selector }) => (await pages[page].waitForSelector(selector, { timeout: WAIT })).innerText(),
  js: ({ page, code }) => pages[page].evaluate(code),
  click: ({ page, selector }) => pages[page].click(selector),
  tap: ({ page, selector }) => pages[page].tap(selector),
  press: ({ page, selector, key }) => pages[page].press(selector, key),
  mouse: async ({ page, steps }) => {
    for (const [what, ...where] of steps) await pages[page].mouse[what](...where);
  },
  reload: ({ page }) => pages[page].reload(),
  close: ({ page }) => pages[page].close({ runBeforeUnload: true }),
  size: ({ page, width, height }) => pages[page].setViewportSize({ width, height }),
  shot: ({ page, path: file }) => pages[page].screenshot({ path: file }),
  goes: ({ page, to }) => pages[page].waitForURL((url) => url.href.includes(to), { timeout: WAIT }),
  url: ({ page }) => pages[page].url(),
  errors: ({ page }) => pages[page].errors,
  downloads: () => Promise.all(downloads.map(async (one) => [one.suggestedFilename(), fs.readFileSync(await one.path(), "utf8")])),
};

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const command = JSON.parse(line);
    let said;
    try {
      const value = await told[command.do](command);
      said = { value: value === undefined || (value && value.constructor.name === "Response") ? null : value };
    } catch (error) {
      said = { error: String(error.stack || error) };
    }
    process.stdout.write(JSON.stringify(said) + "\n");
  }
  await Promise.all(Object.values(contexts).map((one) => one.close()));
}

main();
