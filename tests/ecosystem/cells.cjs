// Texts as a JSON list on standard input to how cells.js writes them: `node cells.cjs CELLS.JS`.
"use strict";
const fs = require("fs");
const inert = new Function(fs.readFileSync(process.argv[2], "utf8") + "; return inert;")();
process.stdout.write(JSON.stringify(JSON.parse(fs.readFileSync(0, "utf8")).map((text) => inert(text))));
