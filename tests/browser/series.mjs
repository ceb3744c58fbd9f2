// A publisher in miniature: signed series of any length and kind, for the page to show and to check.
// Keys come from public strings: they protect nothing.
import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();

function key(name) {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), sha256(`browser test key ${name}`)]);
  const secret = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const raw = createPublicKey(secret).export({ format: "der", type: "spki" }).subarray(-32);
  const blob = Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from("ssh-ed25519"), Buffer.from([0, 0, 0, 32]), raw]);
  return {
    raw,
    ssh: "ssh-ed25519 " + blob.toString("base64"),
    fingerprint: "SHA256:" + sha256(blob).toString("base64").replace(/=+$/, ""),
    sign: (bytes) => sign(null, bytes, secret),
  };
}

function vkey(name, type, { raw }) {
  const typed = Buffer.concat([Buffer.from([type]), raw]);
  const id = sha256(name + "\n", typed).subarray(0, 4);
  return { id, text: `${name}+${id.toString("hex")}+${typed.toString("base64")}` };
}

function root(hashes) {
  if (hashes.length === 1) return hashes[0];
  let split = 1;
  while (split * 2 < hashes.length) split *= 2;
  return sha256(Buffer.from([1]), root(hashes.slice(0, split)), root(hashes.slice(split)));
}

const iso = (seconds) => new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
const DAY = 86400;

export const people = [["Ada", "General counsel", "DE"], ["Bo", "Head of security", "SE"], ["Chen", "Director", "SG"]];

// Makes a site as a map from path to bytes. `edit(issue, number)` changes an issue before it is signed;
// returning false leaves that issue's time slot out, so that a gap opens.
export function makeSeries({ count, origin = "canary.example/main", start = Date.UTC(2026, 0, 1, 9) / 1000, step = 30 * DAY, publisher = {}, facts, edit = () => true, heartbeatAt = null }) {
  const signers = people.map(([name]) => key(name));
  const log = key("log");
  const heart = key("heartbeat");
  const logKey = vkey(origin, 1, log);
  const heartKey = vkey(origin + "/heartbeat", 4, heart);
  const leaves = [];
  const pins = [];
  let last = null;
  let previous = null;
  let slot = 0;
  while (leaves.length < count) {
    const at = start + slot++ * step;
    const issue = {
      type: "warrant-canary/issue/v1", origin, number: leaves.length + 1, previous,
      as_of: iso(at), next_due: iso(at + step), expires: iso(at + step + 7 * DAY),
      publisher: {
        name: "Example Cloud", languages: ["en", "zh-Hans"], canonical_url: "https://" + origin + "/", contact: "mailto:canary@example.com",
        services: [{ id: "compute", name: "Compute", model: "iaas" }, { id: "edge", name: "Edge network", model: "paas" }],
        entities: [{ id: "example", name: "Example Cloud GmbH", jurisdiction: "DE" }], ...publisher,
      },
      facts: structuredClone(facts),
      roster: { threshold: 2, signers: people.map(([name, role, jurisdiction], i) => ({ name, role, jurisdiction, keys: [signers[i].ssh] })) },
      log: { key: logKey.text, heartbeat: { key: heartKey.text, max_age: 93600 } },
    };
    if (edit(issue, leaves.length + 1, slot) === false) continue;
    const payload = Buffer.from(JSON.stringify(issue));
    const type = "application/vnd.warrant-canary.issue.v1+json";
    const pae = Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload]);
    const signatures = signers.slice(0, 2).map((signer) => ({ keyid: signer.fingerprint, sig: signer.sign(pae).toString("base64") }));
    leaves.push(Buffer.from(JSON.stringify({ payloadType: type, payload: payload.toString("base64"), signatures })));
    previous = "sha256:" + sha256(payload).toString("hex");
    pins.push(`https://${origin}/#${leaves.length}:sha256:${sha256(payload).toString("base64url")}`);
    last = issue;
  }
  const body = `${origin}\n${leaves.length}\n${root(leaves.map((leaf) => sha256(Buffer.from([0]), leaf))).toString("base64")}\n`;
  const line = (name, id, sig) => `\u2014 ${name} ${Buffer.concat([id, sig]).toString("base64")}\n`;
  const time = heartbeatAt ?? Date.parse(last.as_of) / 1000 + DAY / 2;
  const stamp = Buffer.alloc(8);
  stamp.writeBigUInt64BE(BigInt(time));
  const checkpoint = body + "\n" + line(origin, logKey.id, log.sign(Buffer.from(body))) +
    line(origin + "/heartbeat", heartKey.id, Buffer.concat([stamp, heart.sign(Buffer.from(`cosignature/v1\ntime ${time}\n${body}`))]));
  const files = new Map([["checkpoint", Buffer.from(checkpoint)], ["latest.json", leaves.at(-1)]]);
  leaves.forEach((leaf, i) => files.set(`issues/${String(i + 1).padStart(4, "0")}.json`, leaf));
  for (let n = 0; n * 256 < leaves.length; n++) {
    const part = leaves.slice(n * 256, n * 256 + 256);
    const bundle = Buffer.concat(part.flatMap((leaf) => [Buffer.from([leaf.length >> 8, leaf.length & 255]), leaf]));
    files.set(`tile/entries/${String(n).padStart(3, "0")}${part.length < 256 ? ".p/" + part.length : ""}`, bundle);
  }
  return { files, leaves, pin: pins[0], pins, newest: last, at: time + 3600 };
}

// RFC 6962 section 2.1.1, from the leaf's sibling upward.
function inclusion(hashes, index) {
  if (hashes.length === 1) return [];
  let split = 1;
  while (split * 2 < hashes.length) split *= 2;
  const [low, high] = [hashes.slice(0, split), hashes.slice(split)];
  return index < split ? [...inclusion(low, index), root(high)] : [...inclusion(high, index - split), root(low)];
}

// The proofs of a `.canary` file back to issue `first`, newest first (format.md section 8.1).
export function proofs({ files, leaves }, first) {
  const hashes = leaves.map((leaf) => sha256(Buffer.from([0]), leaf));
  return leaves.map((leaf, index) =>
    ["c2sp.org/tlog-proof@v1", `extra ${leaf.toString("base64")}`, `index ${index}`, ...inclusion(hashes, index).map((hash) => hash.toString("base64")), "", files.get("checkpoint").toString()].join("\n"))
    .slice(first - 1).reverse();
}

export function write(files, folder) {
  for (const [path, bytes] of files) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
}

const scope = (layers, more = {}) => ({ entities: ["example"], services: ["all"], roles: ["processor"], layers, jurisdictions: ["all"], ...more });

export const facts = [
  { id: "keys.own", text: { en: "We have given none of our private encryption or authentication keys to anyone outside our control.", "zh-Hans": "我们没有把自己的加密或认证私钥交给我方控制之外的任何人。" }, tense: "never", scope: scope(["data.storage", "data.transfer", "data.access", "iam"]) },
  { id: "net.no-equipment", text: { en: "No government body has software or equipment installed in this network.", "zh-Hans": "本网络中没有安装任何政府机构的软件或设备。" }, tense: "current", scope: scope(["physical", "resource", "network"], { services: ["edge"], excludes: ["Customers’ own equipment"] }) },
  { id: "dns.unmodified", text: { en: "We have not redirected a DNS answer because an outside party asked us to.", "zh-Hans": "我们没有应外部要求改变 DNS 应答的指向。" }, tense: "never", scope: scope(["network", "application"]) },
  { id: "data.no-bulk", text: { en: "We have received no order for bulk customer data.", "zh-Hans": "我们没有收到批量提供客户数据的命令。" }, tense: "since", since: "2024-05-01", scope: scope(["data.access", "data.personal"]) },
];

export const promises = [{ id: "commitment.notify", text: { en: "We will tell customers of requests for their data unless prohibited.", "zh-Hans": "除非被禁止，我们将告知客户针对其数据的请求。" } }];
export const counters = [{ id: "orders.no-end-date", text: { en: "Orders without an end date", "zh-Hans": "没有截止日期的命令" }, from: "2025-01-01", to: "2025-12-31", value: { exact: 28 } },
  { id: "ns-process", text: { en: "National-security process", "zh-Hans": "国家安全程序" }, from: "2025-01-01", to: "2025-12-31", value: { band: [0, 249] } }];

// A life with everything in it: a gap, a change of words, a fact that ends as announced, one that just ends, one added.
export function eventful() {
  return makeSeries({
    count: 9, facts,
    edit(issue, number, slot) {
      if (slot === 4) return false;
      issue.promises = promises;
      issue.counters = counters;
      const fact = (id) => issue.facts.find((entry) => entry.id === id);
      if (number >= 5) fact("net.no-equipment").scope.services = ["all"];
      if (number >= 3 && number <= 6) issue.retiring = [{ id: "dns.unmodified", after: iso(Date.UTC(2026, 6, 1) / 1000) }];
      if (number >= 7) issue.facts = issue.facts.filter((entry) => entry.id !== "dns.unmodified");
      if (number >= 8) issue.facts = issue.facts.filter((entry) => entry.id !== "data.no-bulk");
      if (number >= 6) issue.facts.push({ id: "release.keys", text: { en: "No software-signing key has left our control.", "zh-Hans": "软件签名密钥没有脱离我们的控制。" }, tense: "never", scope: scope(["os", "application"]) });
      if (number >= 9) issue.retiring = [{ id: "release.keys", after: iso(Date.UTC(2027, 0, 1) / 1000) }];
      return true;
    },
  });
}

// The same in languages that run from right to left.
export function rightToLeft() {
  const words = {
    "keys.own": { ar: "لم نعطِ أيًّا من مفاتيحنا الخاصة لأي جهة خارج سيطرتنا.", he: "לא מסרנו אף מפתח פרטי שלנו לאיש מחוץ לשליטתנו." },
    "net.no-equipment": { ar: "لا توجد في هذه الشبكة معدات أو برمجيات لأي جهة حكومية.", he: "לשום גוף ממשלתי אין ציוד או תוכנה ברשת זו." },
  };
  return makeSeries({
    count: 4, publisher: { name: "مثال السحابة", languages: ["ar", "he", "en"] },
    facts: facts.slice(0, 2).map((fact) => ({ ...fact, text: { ...words[fact.id], en: fact.text.en } })),
  });
}

// Series to compare the page and the command on.
export const lives = {
  "an eventful life": eventful,
  "a life in Arabic and Hebrew": rightToLeft,
  "words that change": () => makeSeries({
    count: 5, facts,
    edit(issue, number) {
      const [first, second, third] = issue.facts;
      if (number >= 2) first.text = { ...first.text, en: "We have shared no private key." };
      if (number === 3) issue.facts = issue.facts.filter((fact) => fact !== second);
      if (number >= 4) second.scope.layers = ["physical"];
      if (number >= 5) Object.assign(third, { tense: "since", since: "2026-01-01" });
    },
  }),
  "a publisher that changes": () => makeSeries({
    count: 6, facts: facts.slice(0, 1),
    edit(issue, number) {
      const { publisher, roster, log } = issue;
      if (number >= 2) publisher.contact = "https://example.com/canary";
      if (number >= 3) publisher.services = publisher.services.slice(0, 1);
      if (number >= 4) publisher.entities[0].jurisdiction = "AT";
      if (number >= 5) roster.signers[2].role = "Chair";
      if (number >= 6) log.heartbeat.max_age = 7200;
      issue.facts[0].scope.services = ["compute"];
    },
  }),
  "counters that change": () => makeSeries({
    count: 6, facts: facts.slice(0, 1),
    edit(issue, number) {
      const counter = (id, year, value) => ({ id, text: counters[0].text, from: `${year}-01-01`, to: `${year}-12-31`, value });
      issue.counters = [
        counter("orders", 2020 + number, { exact: number }),
        counter("band", 2025, { band: number < 3 ? [0, 249] : number < 5 ? [250, 499] : [0, 999] }),
        counter("kind", 2020 + number, number % 2 ? { exact: 0 } : { band: [0, 249] }),
        ...(number < 4 ? [counter("gone", 2025, { exact: 1 })] : []),
        // Given again for a period after issues that did not give it: once as before, once otherwise.
        counter("again", number % 2 ? 2020 : 2021, { exact: number < 5 ? number % 2 : number }),
      ];
    },
  }),
  "a fact announced twice": () => makeSeries({
    count: 4, facts: facts.slice(0, 2),
    edit(issue, number) {
      const [, second] = issue.facts;
      const after = (year) => ({ id: second.id, after: `${year}-01-01T00:00:00Z` });
      if (number === 2 || number === 3) issue.retiring = number === 2 ? [after(2020), after(2090)] : [after(2090), after(2020)];
      if (number === 4) issue.facts = issue.facts.slice(0, 1);
    },
  }),
  "evidence that comes and goes": () => makeSeries({
    count: 4, facts: facts.slice(0, 1),
    edit(issue, number) {
      // An unknown chain is no evidence.
      if (number >= 2) issue.not_before = [{ kind: "drand", chain: "00".repeat(32), round: number, signature: "00".repeat(48) }];
      if (number === 4) issue.expires = iso(Date.parse(issue.expires) / 1000 + 200 * DAY);
    },
  }),
  "a chain that breaks": () => makeSeries({
    count: 4, facts,
    edit(issue, number) {
      if (number === 3) issue.previous = "sha256:" + "0".repeat(64);
    },
  }),
  "a quorum that must span countries": () => makeSeries({
    count: 3, facts,
    edit(issue, number) {
      if (number >= 2) Object.assign(issue.roster, { min_jurisdictions: 2, threshold: 2 });
      if (number >= 3) Object.assign(issue.roster, { threshold: 3 });
    },
  }),
  "an issue of other members": () => makeSeries({
    count: 3, facts,
    edit(issue, number) {
      if (number === 2) issue.remarks = "none";
    },
  }),
  "one that is not due for years": () => makeSeries({ count: 2, facts: [], step: 390 * DAY }),
};
