// Loads the page's scripts into node as a browser would: in order, into one global object.
import { readFileSync, existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import vm from "node:vm";

export const here = dirname(fileURLToPath(import.meta.url));
export const root = join(here, "..", "..");
export const assets = join(root, "crates", "canary-publisher", "assets", "page");
export const shared = join(root, "..", "shared");
export const corpora = process.env.CANARY_CORPORA ?? join(shared, "corpora");

for (const name of ["format.js", "ed25519.js", "beacon.js", "judge.js", "file.js"]) {
  vm.runInThisContext(readFileSync(join(assets, name), "utf8"), { filename: name });
}
export const canary = globalThis.warrantCanary;
export const noble = createRequire(import.meta.url)(join(assets, "vendor", "noble-ed25519-1.7.5.js"));

// A site's folder as the page's `read`.
export const folder = (path) => async (name) => {
  const file = join(path, name);
  return existsSync(file) && statSync(file).isFile() ? new Uint8Array(readFileSync(file)) : null;
};

// A folder of this run, gone when it ends.
export function scratch() {
  const made = mkdtempSync(join(tmpdir(), "canary-browser-"));
  process.on("exit", () => rmSync(made, { recursive: true, force: true, maxRetries: 5 }));
  return made;
}
