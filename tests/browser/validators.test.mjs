// What others' tools say of the files for people: HTML and SVG by the Nu checker, Atom against its grammar,
// the calendar by ical.js. Needs java for the first two.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import test, { before } from "node:test";
import { here, scratch } from "./canary.mjs";
import { render } from "./browser.mjs";
import { eventful, facts, makeSeries, rightToLeft, write } from "./series.mjs";

const need = createRequire(import.meta.url);
const resolve = (name) => {
  try {
    return need.resolve(name);
  } catch {
    return null;
  }
};
const vnu = resolve("vnu-jar/build/dist/vnu.jar");
const java = spawnSync("java", ["-version"]).status === 0;
const noVnu = !java ? "left out: no java" : !vnu ? "left out: vnu-jar is not installed (npm install in tests/browser)" : false;

// Text that would break any of them.
const hostile = "\"'&amp; <b>]]></b> , ; \\ 声明";
const sites = {};
before(() => {
  const names = facts.slice(0, 2).map((fact) => ({ ...fact, text: { en: hostile, "zh-Hans": hostile } }));
  for (const [name, series] of Object.entries({ eventful: eventful(), rtl: rightToLeft(), hostile: makeSeries({ count: 2, facts: names, publisher: { name: hostile } }) })) {
    sites[name] = scratch();
    write(series.files, sites[name]);
    render(sites[name], sites[name]);
  }
});
const each = (...files) => Object.values(sites).flatMap((site) => files.map((file) => join(site, file)));

test("HTML and SVG are valid", { skip: noVnu, timeout: 900000 }, () => {
  for (const [kind, files] of [["--html", each("index.html", "verifier.html")], ["--svg", each("badge.svg")]]) {
    const { stdout, stderr } = spawnSync("java", ["-Xss2m", "-jar", vnu, "--stdout", "--format", "json", kind, ...files], { encoding: "utf8", maxBuffer: 1 << 26 });
    assert.ok(stdout, stderr);
    const said = JSON.parse(stdout).messages.map(({ type, subType, message, extract, url }) => `${subType ?? type}: ${message} ${url?.split("/").pop()} ${(extract ?? "").slice(0, 200)}`);
    // The checker does not hold a policy's hashes against what is inline; Chromium does, in page.test.mjs.
    const kept = said.filter((line) => !/^(warning|info): Inline (script|style) violates Content Security Policy/.test(line));
    assert.deepEqual([...new Set(kept)], []);
  }
});

test("the Atom feed follows its grammar", { skip: noVnu, timeout: 600000 }, () => {
  const driver = ["-cp", vnu, "nu.validator.vendor.thaiopensource.relaxng.util.Driver", "-c", join(here, "atom.rnc")];
  const run = (...files) => spawnSync("java", [...driver, ...files], { encoding: "utf8" });
  const feeds = run(...each("feed.atom"));
  assert.equal(feeds.status, 0, feeds.stdout + feeds.stderr);
  // The grammar does refuse what is not Atom.
  assert.notEqual(run(join(sites.eventful, "badge.svg")).status, 0);
});

test("the calendar is read by a library, event for event", { skip: resolve("ical.js") ? false : "left out: ical.js is not installed" }, async () => {
  const { default: ICAL } = await import("ical.js");
  for (const site of Object.values(sites)) {
    const calendar = new ICAL.Component(ICAL.parse(readFileSync(join(site, "canary.ics"), "utf8")));
    assert.equal(calendar.getFirstPropertyValue("version"), "2.0");
    assert.ok(calendar.getFirstPropertyValue("prodid"));
    const issue = JSON.parse(Buffer.from(JSON.parse(readFileSync(join(site, "latest.json"))).payload, "base64"));
    const events = calendar.getAllSubcomponents("vevent").map((event) => new ICAL.Event(event));
    assert.deepEqual(events.map((event) => event.startDate.toJSDate().toISOString()), [issue.next_due, issue.expires].map((at) => new Date(at).toISOString()));
    for (const event of events) {
      assert.ok(event.uid && event.component.getFirstPropertyValue("dtstamp"));
      assert.ok(event.summary.startsWith(issue.publisher.name), event.summary);
      const [alarm] = event.component.getAllSubcomponents("valarm");
      assert.equal(alarm.getFirstPropertyValue("action"), "DISPLAY");
      assert.ok(alarm.getFirstPropertyValue("trigger").isNegative);
    }
  }
});

test("the JSON feed has what its version asks for", () => {
  for (const site of Object.values(sites)) {
    const feed = JSON.parse(readFileSync(join(site, "feed.json"), "utf8"));
    assert.equal(feed.version, "https://jsonfeed.org/version/1.1");
    assert.ok(feed.title && feed.items.length);
    for (const item of feed.items) {
      assert.ok(typeof item.id === "string" && item.content_text && !Number.isNaN(Date.parse(item.date_published)));
      assert.ok(new URL(item.url).href);
    }
    assert.equal(new Set(feed.items.map(({ id }) => id)).size, feed.items.length);
  }
});
