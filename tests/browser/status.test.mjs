// The monitor's status page in Chromium: as `canary watch --listen` serves it, and as `canary watch export
// --site` writes it. What canaries and their names say is hostile here.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { promisify } from "node:util";
import { axe, folderOf, launch, missing, open, serve } from "./browser.mjs";
import { scratch } from "./canary.mjs";
import { facts, makeSeries } from "./series.mjs";

const command = process.env.CANARY_BIN;
const skip = missing || (command ? false : "left out: CANARY_BIN does not name the command");
const shots = process.env.SCREENSHOTS ?? null;
const HOSTILE = `<script>document.title="taken"</script>"'><img src=x onerror=alert(1)>\u202etxt`;
const DAY = 86400;
let browser, hosts, folder;

const toml = (text) => JSON.stringify(text).replaceAll("\u202e", "\\u202e");
const env = () => ({ ...process.env, HOME: folder });
// The hosts are served from here: nothing may block.
const watch = (...more) => promisify(execFile)(command, ["watch", ...more], { cwd: folder, env: env() });

before(async () => {
  if (skip) return;
  browser = await launch();
  folder = scratch();
  const now = Math.floor(Date.now() / 1000);
  const live = makeSeries({ count: 3, facts, start: now - 61 * DAY, heartbeatAt: now - 600 });
  const files = new Map([...live.files].map(([name, bytes]) => [`live/${name}`, bytes]));
  const day = (at) => new Date(at * 1000).toISOString().slice(0, 10);
  files.set("silent.txt", `Date: ${day(now - 40 * DAY)}\nNext update: ${day(now - 10 * DAY)}\n\n- We have never placed a backdoor. ${HOSTILE}\n`);
  files.set("quiet.txt", `Date: ${day(now - DAY)}\nNext update: ${day(now + 20 * DAY)}\n\n- We have never placed a backdoor.\n`);
  hosts = await serve((path) => (files.has(path) ? Buffer.from(files.get(path)) : null));
  const config = [
    `[[target]]\nname = "live"\nurl = "${hosts.url}live/"\n`,
    `[[target]]\nname = ${toml(HOSTILE)}\nurl = "${hosts.url}silent.txt"\ndialect = "plain"\n`,
    `[[target]]\nname = "quiet"\nurl = "${hosts.url}quiet.txt"\ndialect = "plain"\n`,
    `[[target]]\nname = "absent"\nurl = "${hosts.url}nothing/"\nmissing_after = "0s"\nconfirm_checks = 1\n`,
  ];
  writeFileSync(join(folder, "watch.toml"), config.join(""));
  for (let turn = 0; turn < 2; turn++) {
    try {
      await watch("--once");
    } catch (error) {
      assert.ok(error.code <= 3, String(error.stderr));
    }
  }
  await watch("export", "--site", "site");
});
after(async () => {
  await browser?.close();
  hosts?.close();
});

const run = (name, body) => test(name, { skip, timeout: 120000 }, body);
const site = () => join(folder, "site");
const names = (page) => page.locator("tbody th").allInnerTexts();

// The exported pages, served until the test ends in whatever way.
async function exported(context) {
  const server = await serve(folderOf(site()));
  context.after(() => server.close());
  return server;
}

async function visit(address, options) {
  const tab = await open(browser, { javaScriptEnabled: false, ...options });
  await tab.page.goto(address);
  return tab;
}

run("as files: worst first, other orders, each target's page, without scripts", async (context) => {
  const server = await exported(context);
  const tab = await visit(server.url);
  const [first, ...rest] = await names(tab.page);
  assert.match(first, /taken|^.*script/);
  assert.equal(rest.length, 3);
  assert.deepEqual(await tab.page.locator("tbody td:first-child").allInnerTexts().then((cells) => cells.map((cell) => cell.trim())), ["alarm", "alarm", "attention", "attention"]);
  await tab.page.click("text=by name");
  assert.deepEqual((await names(tab.page)).slice(1), ["absent", "live", "quiet"]);
  await tab.page.click("text=by due");
  assert.match((await names(tab.page))[0], /script/);
  await tab.page.click("tbody th a >> nth=0");
  const text = await tab.page.innerText("main");
  assert.match(text, /LAPSED \(alarm\)/);
  assert.match(text, /new issue: 1/);
  assert.match(text, /opened: LAPSED/);
  const rows = (await tab.page.locator("table.cards").first().locator("tbody tr").allInnerTexts()).map((row) => row.split("\t"));
  assert.equal(rows.length, 1, "its only statement");
  for (const [, first, last, newest] of rows) assert.deepEqual([first, newest], [last, "affirmed"]);
  assert.ok((await tab.page.locator("svg.line rect").count()) >= 2);
  await tab.page.click("text=all canaries");
  assert.equal((await names(tab.page)).length, 4);
  assert.deepEqual(tab.problems, []);
  await tab.close();
});

run("each fact has its life on the target's page", async (context) => {
  const server = await exported(context);
  const tab = await visit(server.url);
  await tab.page.click('tbody th a:text-is("live")');
  const table = tab.page.locator("table.cards", { hasText: "Every fact seen" });
  const rows = (await table.locator("tbody tr").allInnerTexts()).map((row) => row.split("\t").map((cell) => cell.trim()));
  assert.deepEqual(rows.map(([id]) => id).sort(), facts.map((fact) => fact.id).sort());
  for (const [id, first, last, newest] of rows) {
    assert.match(first, /^\d{4}-\d\d-\d\dT/, id);
    assert.ok(first < last && newest === "affirmed", `${id}: ${first} ${last} ${newest}`);
  }
  assert.deepEqual(tab.problems, []);
  await tab.close();
});

run("hostile words stay words, with scripts on too", async (context) => {
  const server = await exported(context);
  const pages = ["index.html", ...readdirSync(join(site(), "target")).map((name) => `target/${name}`)];
  for (const page of pages) {
    const tab = await visit(server.url + page, { javaScriptEnabled: true });
    assert.notEqual(await tab.page.title(), "taken");
    assert.equal(await tab.page.locator("script, img, iframe, [onerror], [style]").count(), 0, page);
    assert.deepEqual(tab.problems, []);
    await tab.close();
  }
});

run("as served: the same under its own security policy, and it sorts", async () => {
  const monitor = spawn(command, ["watch", "--listen", "127.0.0.1:0"], { cwd: folder, env: env(), stdio: ["ignore", "ignore", "pipe"] });
  try {
    const address = await new Promise((found, failed) => {
      let said = "";
      monitor.on("exit", () => failed(new Error(said)));
      monitor.stderr.on("data", (bytes) => {
        said += bytes;
        const at = said.match(/status at (http:\S+)/);
        if (at) found(at[1]);
      });
    });
    const tab = await visit(address, { javaScriptEnabled: true });
    assert.equal((await names(tab.page)).length, 4);
    await tab.page.click("text=by name");
    assert.deepEqual((await names(tab.page)).slice(1), ["absent", "live", "quiet"]);
    await tab.page.click("tbody th a >> nth=0");
    assert.match(await tab.page.innerText("main"), /LAPSED \(alarm\)/);
    assert.notEqual(await tab.page.title(), "taken");
    assert.deepEqual(tab.problems, []);
    await tab.close();
  } finally {
    monitor.removeAllListeners("exit");
    monitor.kill("SIGTERM");
  }
});

run("light and dark, at a desk and on a phone, nothing sticks out and axe finds nothing", async (context) => {
  const server = await exported(context);
  const page = readdirSync(join(site(), "target"))[0];
  if (shots) mkdirSync(shots, { recursive: true });
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1200, 390]) {
      for (const [name, path] of [["table", "index.html"], ["target", `target/${page}`]]) {
        const tab = await visit(server.url + path, { colorScheme, viewport: { width, height: 900 }, javaScriptEnabled: true });
        const wide = await tab.page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(wide <= width, `${name} is ${wide} wide on ${width}`);
        if (axe) {
          await tab.page.evaluate(axe);
          const found = await tab.page.evaluate(() => globalThis.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
          assert.deepEqual(found.violations.map(({ id, nodes }) => [id, nodes[0].html]), []);
        }
        if (shots) await tab.page.screenshot({ path: join(shots, `status-${name}-${colorScheme}-${width}.png`), fullPage: true });
        await tab.close();
      }
    }
  }
  if (!axe) context.diagnostic("axe-core is not installed: left out");
});
