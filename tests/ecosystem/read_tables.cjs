// What SheetJS makes of a CSV, called as PsychoJS calls it, and Papa Parse as lab.js does: as JSON.
const fs = require("fs");
const path = require("path");
const modules = path.join(__dirname, "..", "..", ".ecosystem", "node", "node_modules");
const XLSX = require(path.join(modules, "xlsx"));
const Papa = require(path.join(modules, "papaparse"));

const read = {};
for (const file of process.argv.slice(2)) {
  const bytes = fs.readFileSync(file);
  const text = new TextDecoder().decode(bytes);
  const book = file.endsWith(".csv") ? XLSX.read(text, { type: "string" }) : XLSX.read(new Uint8Array(bytes), { type: "array" });
  const rows = XLSX.utils.sheet_to_json(book.Sheets[book.SheetNames[0]], { header: 1, blankrows: false, defval: null });
  read[file] = { sheetjs: rows };
  if (file.endsWith(".csv")) {
    const parsed = Papa.parse(text.trim(), { header: true });
    read[file].papaparse = parsed.data;
    read[file].errors = parsed.errors;
  }
}
process.stdout.write(JSON.stringify(read));
