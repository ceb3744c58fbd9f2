// The page's verifier over every site of the vectors, and over edge cases of Ed25519.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { canary, corpora, folder, noble, root, shared } from "./canary.mjs";

const places = [join(root, "tests", "vectors"), join(shared, "vectors")].filter(existsSync);
const cases = places.flatMap((place) =>
  readdirSync(place, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(place, entry.name, "expect.json")))
    .map((entry) => ({ name: entry.name, path: join(place, entry.name) })));

const engines = [canary.ed25519.webCrypto, canary.ed25519.vendored(noble)];

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
  // CANARY_BIN names the command: page and command must say the same of every site.
  test(`vector ${name}: the command agrees`, { skip: process.env.CANARY_BIN ? false : "left out: CANARY_BIN not set" }, async () => {
    const args = ["verify", join(path, "site"), "--pin", expect.pin, "--at", expect.at, "--json"];
    let out;
    try {
      out = execFileSync(process.env.CANARY_BIN, args, { stdio: ["ignore", "pipe", "ignore"] });
    } catch (error) {
      out = error.stdout; // 1 to 3 are verdicts
    }
    const command = JSON.parse(out);
    const page = await judge(path, expect, engines[0]);
    const says = (report) => ({
      severity: report.severity,
      state: report.state,
      issue: report.issue?.number ?? null,
      digest: report.issue?.digest ?? null,
      codes: report.findings.map(({ code, severity, issue, fact }) => [code, severity, issue ?? null, fact ?? null].join(" ")).sort(),
    });
    assert.deepEqual(says(page), says(command));
  });
}

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
