// Chromium for the tests, and small servers on loopback. What is missing is said, and its tests are left out.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join, normalize } from "node:path";
import { here, root } from "./canary.mjs";

const chromium = process.env.CHROMIUM ?? "/usr/bin/chromium";
const need = createRequire(import.meta.url);

export async function load(name) {
  try {
    return await import(name);
  } catch {
    return null;
  }
}

const driver = await load("playwright-core");
export const missing = !existsSync(chromium)
  ? `left out: no Chromium at ${chromium} (Debian package chromium, or set CHROMIUM)`
  : !driver
    ? `left out: playwright-core is not installed (npm install in ${here})`
    : false;

export const axe = (() => {
  try {
    return readFileSync(need.resolve("axe-core/axe.min.js"), "utf8");
  } catch {
    return null;
  }
})();

export const launch = () =>
  driver.chromium.launch({
    executablePath: chromium,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });

const TYPES = { html: "text/html; charset=utf-8", css: "text/css; charset=utf-8", json: "application/json", svg: "image/svg+xml", txt: "text/plain; charset=utf-8" };

// Serves `find(path)`, which gives bytes or null, until `close`.
export async function serve(find) {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname).slice(1);
    const bytes = find(path === "" ? "index.html" : path);
    if (bytes === null) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": TYPES[path.split(".").pop()] ?? (path === "" ? TYPES.html : "application/octet-stream") }).end(bytes);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

// A folder below `base`, with some files in place of its own.
export const folderOf = (base, own = new Map()) => (path) => {
  if (own.has(path)) return own.get(path);
  const file = normalize(join(base, path));
  return file.startsWith(normalize(base)) && existsSync(file) && statSync(file).isFile() ? readFileSync(file) : null;
};

// The files for people of a site's folder, by the project's own renderer.
export function render(site, out) {
  execFileSync("cargo", ["run", "-q", "-p", "canary-publisher", "--example", "page", "--", site, out], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
}

// A tab that fails the test on console errors, security policy violations, and requests to elsewhere.
export async function open(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1000, height: 900 }, locale: "en-US", timezoneId: "Europe/Berlin", ...options });
  const page = await context.newPage();
  const problems = [];
  page.on("console", (message) => {
    // Chromium logs each 404 that the page itself asks for; absent files are part of some tests.
    if (message.type() === "error" && !/status of 404/.test(message.text())) problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("request", (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (protocol.startsWith("http") && hostname !== "127.0.0.1") problems.push(`request to ${request.url()}`);
  });
  return { page, problems, close: () => context.close() };
}

// What the page concluded, once it has.
export async function outcome(page) {
  await page.waitForSelector("#report[data-ready]", { timeout: 30000 });
  return page.evaluate(() => {
    const report = document.querySelector("#report .report");
    return {
      severity: report.dataset.severity,
      state: report.dataset.state,
      codes: [...report.querySelectorAll(".findings code")].map((node) => node.textContent),
      steps: [...report.querySelectorAll(".steps li")].map((node) => [node.dataset.result, node.textContent]),
      text: report.textContent,
    };
  });
}
