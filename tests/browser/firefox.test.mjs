// The same verifier in Firefox: an engine of another maker, with its own WebCrypto, BigInt and Unicode tables.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import test, { after, before } from "node:test";
import { assets, canary, corpora, folder, root, scratch, shared } from "./canary.mjs";
import { folderOf, load, render, serve } from "./browser.mjs";
import { eventful, facts, lives, makeSeries, write } from "./series.mjs";

const firefox = process.env.FIREFOX ?? ["/usr/bin/firefox-esr", "/usr/bin/firefox"].find(existsSync);
const driver = await load("puppeteer-core");
const missing = !firefox
  ? "left out: no Firefox (Debian package firefox-esr, or set FIREFOX)"
  : !driver
    ? "left out: puppeteer-core is not installed (npm install in tests/browser)"
    : false;
const vectors = [join(root, "tests", "vectors"), join(shared, "vectors")].find(existsSync);
const shots = process.env.SCREENSHOTS ?? null;
const run = (name, body) => test(name, { skip: missing, timeout: 600000 }, body);

let browser, blank;
before(async () => {
  if (missing) return;
  browser = await driver.launch({ browser: "firefox", executablePath: firefox, headless: true, timeout: 120000 });
  blank = await serve(() => Buffer.from("<!doctype html><title>scripts</title>"));
});
after(async () => {
  await browser?.close();
  blank?.close();
});

const walk = (path) => readdirSync(path).flatMap((name) => (statSync(join(path, name)).isDirectory() ? walk(join(path, name)) : [join(path, name)]));
const filesOf = (path) => walk(path).map((file) => [relative(path, file), readFileSync(file).toString("base64")]);

// A page with the scripts of index.html and nothing else. On loopback it may use WebCrypto.
async function scripts() {
  const page = await browser.newPage();
  await page.goto(blank.url);
  for (const name of ["format.js", "ed25519.js", "beacon.js", "judge.js"]) {
    await page.addScriptTag({ content: readFileSync(join(assets, name), "utf8") });
  }
  return page;
}

const inFirefox = (page, files, pin, at) => page.evaluate(async (files, pin, at) => {
  const canary = globalThis.warrantCanary;
  const bytes = new Map(files.map(([path, text]) => [path, Uint8Array.from(atob(text), (c) => c.charCodeAt(0))]));
  const engine = await canary.ed25519.chooseEngine();
  const report = await canary.judge({ read: async (path) => bytes.get(path) ?? null }, { pin, at: canary.instant(at), engine });
  return { engine: engine?.name ?? null, ...JSON.parse(JSON.stringify(report)) };
}, files, pin, at);

const inNode = async (path, pin, at) => JSON.parse(JSON.stringify(
  await canary.judge({ read: folder(path) }, { pin, at: canary.instant(at), engine: canary.ed25519.webCrypto })));

run("every site of the vectors: Firefox gives the whole report that node gives, and the expected one", async (context) => {
  if (!vectors) return context.skip("left out: no vectors here");
  const page = await scripts();
  const names = readdirSync(vectors).filter((name) => existsSync(join(vectors, name, "expect.json")));
  for (const name of names) {
    const expect = JSON.parse(readFileSync(join(vectors, name, "expect.json"), "utf8"));
    const site = join(vectors, name, "site");
    const { engine, ...report } = await inFirefox(page, filesOf(site), expect.pin, expect.at);
    assert.equal(engine, "WebCrypto");
    assert.deepEqual(report, await inNode(site, expect.pin, expect.at), name);
    assert.equal(report.severity, expect.severity, name);
    const codes = report.findings.map(({ code }) => code);
    for (const code of expect.codes) assert.ok(codes.includes(code), `${name}: ${code}`);
    for (const code of expect.never) assert.ok(!codes.includes(code), `${name}: ${code}`);
  }
  assert.ok(names.length >= 20);
  context.diagnostic(`${names.length} sites, ${await browser.version()}`);
  await page.close();
});

run("lives with more in them: Firefox and node agree", async () => {
  const page = await scripts();
  const work = scratch();
  for (const [name, make] of Object.entries(lives)) {
    const { files, pin, pins, at } = make();
    const site = join(work, name.replaceAll(" ", "-"));
    write(files, site);
    for (const wanted of [null, pin, pins.at(-1)]) {
      for (const days of [-45, 0, 60]) {
        const when = new Date((at + days * 86400) * 1000).toISOString().replace(".000Z", "Z");
        const { engine, ...report } = await inFirefox(page, filesOf(site), wanted, when);
        assert.deepEqual(report, await inNode(site, wanted, when), `${name} ${wanted} ${when}`);
      }
    }
  }
  await page.close();
});

for (const [name, take] of [
  ["cctv", (list) => list.map(({ key, sig, msg }) => [key, Buffer.from(msg).toString("hex"), sig])],
  ["wycheproof", ({ testGroups }) => testGroups.flatMap(({ publicKey, tests }) => tests.map(({ msg, sig }) => [publicKey.pk, msg, sig]))],
]) {
  run(`Ed25519 at its edges: ${name}`, async (context) => {
    const file = join(corpora, "ed25519", `${name}.json`);
    if (!existsSync(file)) return context.skip("left out: no corpora here");
    const cases = take(JSON.parse(readFileSync(file, "utf8")));
    const page = await scripts();
    const theirs = await page.evaluate(async (cases) => {
      const { ed25519, unhex } = globalThis.warrantCanary;
      const out = [];
      for (const parts of cases) out.push(await ed25519.verifyStrict(ed25519.webCrypto, ...parts.map(unhex)));
      return out;
    }, cases);
    for (const [i, parts] of cases.entries()) {
      const ours = await canary.ed25519.verifyStrict(canary.ed25519.webCrypto, ...parts.map(canary.unhex));
      assert.equal(theirs[i], ours, `case ${i}`);
    }
    assert.ok(theirs.includes(true) && theirs.includes(false));
    await page.close();
  });
}

run("index.html in Firefox: nothing is refused by its own policy, and the outcome is that of the site", async () => {
  const work = scratch();
  for (const [name, series, tampered] of [
    ["good", makeSeries({ count: 3, facts }), false], ["eventful", eventful(), false], ["tampered", makeSeries({ count: 3, facts }), true],
  ]) {
    const site = join(work, name);
    write(series.files, site);
    render(site, site);
    const own = new Map();
    if (tampered) {
      const bytes = readFileSync(join(site, "tile/entries/000.p/3"));
      bytes[bytes.length - 30] ^= 1;
      own.set("tile/entries/000.p/3", bytes);
    }
    const server = await serve(folderOf(site, own));
    const page = await browser.newPage();
    const problems = [];
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    page.on("pageerror", (error) => problems.push(String(error)));
    await page.goto(`${server.url}#${series.pin.split("#")[1]}`);
    await page.waitForSelector("#report[data-ready]", { timeout: 60000 });
    const { severity, codes } = await page.evaluate(() => {
      const report = document.querySelector("#report .report");
      return { severity: report.dataset.severity, codes: [...report.querySelectorAll(".findings code")].map((node) => node.textContent) };
    });
    const at = new Date().toISOString().replace(/\.\d+Z/, "Z");
    const read = (path) => (own.has(path) ? new Uint8Array(own.get(path)) : folder(site)(path));
    const node = await canary.judge({ read: async (path) => read(path) }, { pin: series.pin, at: canary.instant(at), engine: canary.ed25519.webCrypto });
    assert.equal(severity, node.severity, name);
    assert.deepEqual(codes.sort(), node.findings.map(({ code }) => code).sort(), name);
    if (tampered) assert.equal(severity, "alarm");
    assert.deepEqual(problems, [], name);
    if (shots) {
      mkdirSync(shots, { recursive: true });
      await page.screenshot({ path: join(shots, `firefox-${name}.png`), fullPage: true });
    }
    await page.close();
    server.close();
  }
});
