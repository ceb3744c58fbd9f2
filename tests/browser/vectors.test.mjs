// The page's verifier over every site of the vectors, and over edge cases of Ed25519.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { canary, corpora, folder, noble, root, scratch, shared } from "./canary.mjs";
import { eventful, lives, proofs, write } from "./series.mjs";

const places = [join(root, "tests", "vectors"), join(shared, "vectors")].filter(existsSync);
const cases = places.flatMap((place) =>
  readdirSync(place, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(place, entry.name, "expect.json")))
    .map((entry) => ({ name: entry.name, path: join(place, entry.name) })));

const engines = [canary.ed25519.webCrypto, canary.ed25519.vendored(noble)];

const noCommand = process.env.CANARY_BIN ? false : "left out: CANARY_BIN does not name the command";

// CANARY_BIN names the command: page and command must say the same of every site and file.
async function agrees(path, pin, at) {
  const args = ["verify", path, "--at", at, "--json", ...(pin ? ["--pin", pin] : [])];
  let out;
  try {
    out = execFileSync(process.env.CANARY_BIN, args, { stdio: ["ignore", "pipe", "ignore"] });
  } catch (error) {
    out = error.stdout; // 1 to 3 are verdicts
  }
  const command = JSON.parse(out);
  const evidence = statSync(path).isDirectory() ? { read: folder(path) } : { bytes: new Uint8Array(readFileSync(path)) };
  const page = await canary.judge(evidence, { pin, at: canary.instant(at), engine: engines[0] });
  const says = (report) => ({
    severity: report.severity,
    state: report.state,
    issue: report.issue,
    affirmed_by: report.affirmed_by,
    facts: report.facts.map(({ digest, ...fact }) => fact),
    gaps: report.gaps,
    heartbeat: report.log?.heartbeat_at ?? null,
    findings: report.findings.map(({ code, severity, issue, fact }) => [code, severity, issue ?? "", fact ?? ""].join(" ")).sort(),
  });
  assert.deepEqual(says(page), says(command), `${path} ${pin} ${at}`);
}

async function judge(path, expect, engine) {
  const at = canary.instant(expect.at);
  return canary.judge({ read: folder(join(path, "site")) }, { pin: expect.pin, at, engine });
}

test("there are vectors to run", { skip: places.length ? false : "left out: no vectors here" }, () => {
  assert.ok(cases.length >= 20);
});

for (const { name, path } of cases) {
  const expect = JSON.parse(readFileSync(join(path, "expect.json"), "utf8"));
  for (const engine of engines) {
    test(`vector ${name} (${engine.name})`, async () => {
      const report = await judge(path, expect, engine);
      const codes = report.findings.map((finding) => finding.code);
      assert.equal(report.severity, expect.severity, JSON.stringify(report.findings));
      if (expect.state !== null) assert.equal(report.state, expect.state);
      for (const code of expect.codes) assert.ok(codes.includes(code), `${code} not in ${codes}`);
      for (const code of expect.never) assert.ok(!codes.includes(code), `${code} in ${codes}`);
    });
  }
  test(`vector ${name}: the command agrees`, { skip: noCommand }, () => agrees(join(path, "site"), expect.pin, expect.at));
}

// Lives with more in them than one thing wrong, judged from several pins and instants.
for (const [name, make] of Object.entries(lives)) {
  test(`${name}: the command agrees`, { skip: noCommand }, async () => {
    const { files, pin, pins, at } = make();
    const folder = scratch();
    write(files, folder);
    for (const wanted of [null, pin, ...pins]) {
      for (const days of [-400, -45, 0, 20, 60]) {
        await agrees(folder, wanted, new Date((at + days * 86400) * 1000).toISOString().replace(".000Z", "Z"));
      }
    }
    for (const file of ["latest.json", "issues/0001.json"]) {
      for (const wanted of [null, pin, pins.at(-1)]) await agrees(join(folder, file), wanted, new Date(at * 1000).toISOString().replace(".000Z", "Z"));
    }
  });
}

// One file back to the pin, whole and otherwise (format.md section 8.1).
test("files of several proofs: the command agrees", { skip: noCommand }, async () => {
  const series = eventful();
  const all = proofs(series, 1);
  const other = all.slice();
  other[2] = other[2].replace(/\n(\S+)\n\n/, (line) => line.replace(/[A-Za-z]/, (c) => (c === "A" ? "B" : "A")));
  const files = {
    whole: all, newest: all.slice(0, 1), "without the newest": all.slice(1), "from 4": proofs(series, 4), "a gap": [all[0], ...all.slice(2)], "the wrong way round": all.slice().reverse(),
    "twice": [all[0], all[0]], "another checkpoint": [all[0], all[1].replace(/\u2014 canary\.example\/main\/heartbeat .*\n/, "")],
    "no envelope": [all[0], all[1].replace(/extra .*\n/, "")], "another hash": other, "something after": [...all, "x\n"], "an empty line between": [all[0], "\n", all[1]],
    "cut short": [all[0], all[1].slice(0, 200)], "no last line end": [all.join("").slice(0, -1)],
  };
  const folder = scratch();
  const at = new Date(series.at * 1000).toISOString().replace(".000Z", "Z");
  for (const [name, parts] of Object.entries(files)) {
    const file = join(folder, `${name.replaceAll(" ", "-")}.canary`);
    writeFileSync(file, parts.join(""));
    for (const pin of [null, series.pin, series.pins[3], series.pins.at(-1)]) await agrees(file, pin, at);
  }
  const whole = await canary.judge({ bytes: new Uint8Array(readFileSync(join(folder, "whole.canary"))) }, { pin: series.pin, at: series.at, engine: engines[0] });
  assert.ok(whole.issue.number === 9 && !whole.findings.some(({ code }) => code === "UNPINNED" || code === "LOG_INCONSISTENT"));
});

const cctv = join(corpora, "ed25519", "cctv.json");
for (const engine of engines) {
  test(`edge cases of Ed25519 (${engine.name})`, { skip: existsSync(cctv) ? false : "left out: no corpora here" }, async () => {
    const list = JSON.parse(readFileSync(cctv, "utf8"));
    const lax = ["low_order_A", "low_order_R", "non_canonical_A", "non_canonical_R", "low_order_residue"];
    let accepted = 0;
    for (const { number, key, sig, msg, flags } of list) {
      const strict = !(flags ?? []).some((flag) => lax.includes(flag));
      const answer = await canary.ed25519.verifyStrict(engine, Buffer.from(key, "hex"), Buffer.from(msg), Buffer.from(sig, "hex"));
      assert.equal(answer, strict, `case ${number}: ${flags}`);
      accepted += answer;
    }
    assert.ok(accepted > 0 && list.length > 900);
  });
}

const wycheproof = join(corpora, "ed25519", "wycheproof.json");
for (const engine of engines) {
  test(`Wycheproof (${engine.name})`, { skip: existsSync(wycheproof) ? false : "left out: no corpora here" }, async () => {
    let count = 0;
    for (const { publicKey, tests } of JSON.parse(readFileSync(wycheproof, "utf8")).testGroups) {
      for (const { tcId, msg, sig, result } of tests) {
        const answer = await canary.ed25519.verifyStrict(engine, Buffer.from(publicKey.pk, "hex"), Buffer.from(msg, "hex"), Buffer.from(sig, "hex"));
        assert.equal(answer, result === "valid", `case ${tcId}`);
        count++;
      }
    }
    assert.ok(count > 100);
  });
}

test("an engine with the cofactored equation is not used", async () => {
  const lax = { verify: (key, message, signature) => noble.verify(signature, message, key) };
  const good = canary.ed25519.webCrypto.verify;
  assert.equal((await canary.ed25519.chooseEngine()).name, "WebCrypto");
  try {
    canary.ed25519.webCrypto.verify = lax.verify;
    assert.equal(await canary.ed25519.chooseEngine(), null);
    canary.noble = noble;
    assert.equal((await canary.ed25519.chooseEngine()).name, "noble-ed25519");
  } finally {
    canary.ed25519.webCrypto.verify = good;
    delete canary.noble;
  }
});
