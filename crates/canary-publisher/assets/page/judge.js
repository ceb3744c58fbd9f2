// What a verifier concludes (docs/spec/verdicts.md), in a browser: evidence, trust and an instant in,
// one report out. No clock, no storage and no network in here: `read` and `at` are arguments.
//
// Left out, and said so in the report's `unchecked`: witnesses, mirrors, and what was seen on an earlier visit.
// The command does all three.
"use strict";
(function (canary) {
  const SEVERITIES = ["alive", "attention", "unknown", "alarm"]; // best to worst (verdicts.md section 1)
  const DAY = 86400;
  const CLOCK_SLACK = 600;
  const QUICKNET = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971";
  const QUICKNET_GENESIS = 1692803367;
  const QUICKNET_PERIOD = 3;
  const LAST_INSTANT = 253402300799; // the end of the year 9999

  // Why `read` could not answer, apart from "not there", which is null.
  class Unreachable extends Error {}

  // --- Evidence: a site, or one file ------------------------------------------------------------

  // Not there: a file that the checkpoint covers. Where nothing else has it, it is unreachable.
  class Absent extends Unreachable {}

  // Reads checkpoint and leaves through `read(path)`, which gives bytes, or null where nothing is there.
  async function readSite(read) {
    const bytes = await read("checkpoint");
    if (bytes === null) throw new canary.Fault("MISSING", "no checkpoint");
    return readUnder(read, bytes, true);
  }

  // Bundles that are absent may mean that the tree has grown meanwhile: `checkpoint` is read again, once. Then
  // the issues themselves are asked for (format.md section 6).
  async function readUnder(read, bytes, mayHaveGrown) {
    const checkpoint = canary.parseCheckpoint(bytes);
    const { size } = checkpoint;
    if (size === 0) throw new canary.Fault("MALFORMED", "no leaf");
    if (size > canary.LIMITS.leaves) throw new canary.Fault("TOO_LARGE", `more than ${canary.LIMITS.leaves} leaves`);
    try {
      let leaves;
      try {
        leaves = await readBundles(read, size);
      } catch (fault) {
        if (!(fault instanceof Absent)) throw fault;
        const newer = mayHaveGrown ? await read("checkpoint") : null;
        if (newer !== null && !canary.equal(newer, bytes)) return readUnder(read, newer, false);
        leaves = await readIssues(read, size);
      }
      const root = await canary.treeRoot(await Promise.all(leaves.map(canary.leafHash)));
      return { checkpoint, leaves, consistent: canary.equal(root, checkpoint.root) };
    } catch (fault) {
      return { checkpoint, leaves: null, fault };
    }
  }

  function counted() {
    let total = 0;
    return (bytes) => {
      total += bytes.length;
      if (total > canary.LIMITS.total) throw new canary.Fault("TOO_LARGE", `more than ${canary.LIMITS.total} bytes in all`);
      return bytes;
    };
  }

  async function readBundles(read, size) {
    const leaves = [];
    const count = counted();
    for (let number = 0; number * 256 < size; number++) {
      const width = Math.min(256, size - number * 256);
      let bytes = await read(canary.bundlePath(number, width));
      let held = width;
      if (bytes === null && width < 256) {
        bytes = await read(canary.bundlePath(number, 256));
        held = 256;
      }
      if (bytes === null) throw new Absent(canary.bundlePath(number, width));
      leaves.push(...canary.parseBundle(count(bytes), held).slice(0, width));
    }
    return leaves;
  }

  async function readIssues(read, size) {
    const leaves = [];
    const count = counted();
    for (let number = 1; number <= size; number++) {
      const path = `issues/${String(number).padStart(4, "0")}.json`;
      const bytes = await read(path);
      if (bytes === null) throw new Absent(path);
      leaves.push(count(bytes));
    }
    return leaves;
  }

  // --- One report -------------------------------------------------------------------------------

  class Report {
    constructor(at, pin) {
      this.at = at;
      this.pin = pin;
      this.findings = [];
      this.steps = [];
      this.ahead = 0;
      this.unchecked = ["witnesses", "mirrors", "seen"];
    }
    find(code, severity, about = {}) {
      this.findings.push({ code, severity, ...about });
    }
    fault(fault, about = {}) {
      if (fault instanceof canary.Fault) this.find(fault.code, "alarm", { ...about, detail: fault.message });
      else if (fault instanceof Unreachable) this.find("UNREACHABLE", "unknown", { ...about, detail: fault.message });
      else throw fault;
    }
    // A step is what a reader sees: "holds", "fails", or "left out".
    step(id, result, values = {}) {
      this.steps.push({ id, result, values });
    }
  }

  const text = (seconds) => new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
  const persons = (list) => list.map(({ name, role, jurisdiction }) => ({ name, role, jurisdiction }));

  // --- Which issues are authentic (format.md sections 2 to 4) -------------------------------------

  // Verifies every signature by a key of the given rosters: the good key ids, and the names whose key failed.
  async function verifySignatures(engine, envelope, rosters) {
    const known = new Map();
    for (const signer of rosters.flatMap((roster) => roster.signers)) {
      for (const key of signer.keys) {
        const { keyid, raw } = await canary.personKey(key);
        known.set(keyid, { raw, name: signer.name });
      }
    }
    const tried = envelope.signatures.filter(({ keyid }) => known.has(keyid));
    const answers = await Promise.all(tried.map(({ keyid, sig }) => canary.ed25519.verifyStrict(engine, known.get(keyid).raw, envelope.signed, sig)));
    return {
      good: new Set(tried.filter((_, i) => answers[i]).map(({ keyid }) => keyid)),
      failed: tried.filter((_, i) => !answers[i]).map(({ keyid }) => known.get(keyid).name),
    };
  }

  async function signersOf(roster, good) {
    const out = [];
    for (const signer of roster.signers) {
      const keys = await Promise.all(signer.keys.map(canary.personKey));
      if (keys.some(({ keyid }) => good.has(keyid))) out.push(signer);
    }
    return out;
  }

  // k of n distinct persons, from enough distinct jurisdictions (format.md section 2.4). A detail where it falls short.
  async function quorumShort(roster, good) {
    const signers = await signersOf(roster, good);
    const jurisdictions = new Set(signers.map((signer) => signer.jurisdiction)).size;
    const wanted = roster.min_jurisdictions ?? 1;
    if (signers.length >= roster.threshold && jurisdictions >= wanted) return null;
    return `${signers.length} of ${roster.threshold} persons, ${jurisdictions} of ${wanted} jurisdictions`;
  }

  // What is broken about one envelope as the issue of this number, after the one `before` it (or null).
  async function brokenRules(engine, envelope, number, before, pin) {
    const { issue } = envelope;
    const broken = [];
    const say = (code, more) => broken.push({ code, severity: "alarm", issue: number, ...more });
    if (pin?.number === number && !canary.equal(envelope.digest, pin.digest)) say("PIN_MISMATCH");
    if (issue.number !== number) say("CHAIN_BROKEN", { detail: "number" });
    if (before) {
      if (issue.previous !== "sha256:" + canary.hex(before.digest)) say("CHAIN_BROKEN", { detail: "previous" });
      if (issue.origin !== before.issue.origin) say("CHAIN_BROKEN", { detail: "origin" });
      if (canary.instant(issue.as_of) <= canary.instant(before.issue.as_of)) say("CHAIN_BROKEN", { detail: "as_of" });
    }
    const rosters = [issue.roster];
    if (before && !canary.same(before.issue.roster, issue.roster)) rosters.push(before.issue.roster);
    const { good, failed } = await verifySignatures(engine, envelope, rosters);
    for (const signer of failed) say("BAD_SIGNATURE", { signer });
    for (const roster of failed.length ? [] : rosters) {
      const detail = await quorumShort(roster, good);
      if (detail) say("QUORUM_SHORT", { detail });
    }
    const signers = (await Promise.all(rosters.map((roster) => signersOf(roster, good)))).flat();
    envelope.signers = signers.filter((signer, i) => signers.findIndex(({ name }) => name === signer.name) === i);
    return broken;
  }

  // Walks the chain and returns the authentic issues, oldest first. `leaves[0]` is issue `offset` + 1. What
  // comes before the pin is history: where it does not hold, the series begins after it.
  async function walk(report, engine, leaves, offset, pin) {
    let authentic = [];
    // Read a stretch ahead, so that hashing does not wait for one issue after another.
    const ahead = new Map();
    const read = (index) => {
      for (let i = index; i < index + 32 && i < leaves.length; i++) {
        if (!ahead.has(i)) ahead.set(i, canary.parseEnvelope(leaves[i]).catch((fault) => ({ fault })));
      }
      return ahead.get(index);
    };
    let before = null;
    for (let index = 0; index < leaves.length; index++) {
      const number = offset + index + 1;
      const envelope = await read(index);
      ahead.delete(index);
      const { fault } = envelope;
      if (fault && !(fault instanceof canary.Fault)) throw fault;
      const broken = fault
        ? [{ code: fault.code, severity: "alarm", issue: number, detail: fault.message }]
        : await brokenRules(engine, envelope, number, before, pin);
      before = fault ? null : envelope;
      if (!broken.length) authentic.push(envelope);
      else if (pin && number < pin.number) authentic = [];
      else {
        report.findings.push(...broken);
        // Without the pinned issue nothing binds what comes before it.
        if (pin && number === pin.number) authentic = [];
        break;
      }
    }
    return authentic;
  }

  // The pin as far as these leaves reach it: the pin, null where it does not count, false where the tree ends before it.
  function reach(report, offset, end, treeSize) {
    const { pin } = report;
    if (pin && treeSize !== null && treeSize < pin.number) {
      report.find("ROLLBACK", "alarm");
      return false;
    }
    if (pin && pin.number > offset && pin.number <= end) return pin;
    report.find("UNPINNED", "attention");
    return null;
  }

  // --- Log, heartbeat, dates ----------------------------------------------------------------------

  const linesOf = (checkpoint, key) =>
    checkpoint.signatures.filter((line) => line.name === key.name && canary.equal(line.id, key.id));

  async function checkLog(report, engine, checkpoint, newest) {
    const lines = linesOf(checkpoint, newest.keys.log);
    let holds = lines.length > 0;
    for (const { sig } of lines) {
      if (!(await canary.ed25519.verifyStrict(engine, newest.keys.log.key, checkpoint.signed, sig))) holds = false;
    }
    const about = { issue: newest.issue.number };
    if (checkpoint.origin !== newest.issue.origin) report.find("CHAIN_BROKEN", "alarm", { ...about, detail: "origin" });
    if (!holds) report.find("CHECKPOINT_UNSIGNED", "alarm", about);
    report.step("log-signature", holds ? "holds" : "fails", { origin: checkpoint.origin });
  }

  // Returns the newest heartbeat's instant, or null. A line that fails counts as absent; one ahead of now is
  // kept aside: it makes the clock suspect.
  async function checkHeartbeat(report, engine, checkpoint, newest) {
    const declared = newest.issue.log.heartbeat;
    if (!declared) return report.step("heartbeat", "left out", { reason: "not declared" }), null;
    const { key } = newest.keys.heartbeat;
    let latest = null;
    let ahead = 0;
    for (const { sig } of linesOf(checkpoint, newest.keys.heartbeat)) {
      if (sig.length !== 72) continue;
      const view = new DataView(sig.buffer, sig.byteOffset, 8);
      const time = Number(view.getBigUint64(0));
      const message = canary.concat(canary.bytesOf(`cosignature/v1\ntime ${time}\n`), checkpoint.signed);
      if (!Number.isSafeInteger(time) || !(await canary.ed25519.verifyStrict(engine, key, message, sig.subarray(8)))) continue;
      if (time > report.at + CLOCK_SLACK) ahead = Math.max(ahead, time);
      else latest = Math.max(latest ?? 0, time);
    }
    report.ahead = ahead;
    if (latest === null) {
      report.find("HEARTBEAT_MISSING", "alarm", { issue: newest.issue.number });
      report.step("heartbeat", "fails", {});
      return null;
    }
    const age = report.at - latest;
    if (age > declared.max_age) {
      const severity = age > Math.max(2 * declared.max_age, 2 * DAY) ? "alarm" : "attention";
      report.find("HEARTBEAT_STALE", severity, { since: text(latest) });
    }
    report.step("heartbeat", age > declared.max_age ? "fails" : "holds", { time: text(latest) });
    return latest;
  }

  // `vouched` is the newest instant that beacons show: where the clock lies behind it, deadlines are judged by it.
  function checkDates(report, authentic, baseline, vouched) {
    const newest = authentic.at(-1).issue;
    const [asOf, nextDue, expires] = [newest.as_of, newest.next_due, newest.expires].map(canary.instant);
    const about = { issue: newest.number };
    const behind = vouched !== null && vouched > report.at + CLOCK_SLACK;
    const now = behind ? vouched : report.at;
    const state = now <= nextDue ? "LIVE" : now <= expires ? "OVERDUE" : "LAPSED";
    if (state === "OVERDUE") report.find("OVERDUE", "attention", { ...about, since: newest.next_due });
    if (state === "LAPSED") report.find("LAPSED", "alarm", { ...about, since: newest.expires });
    if (asOf > report.at + CLOCK_SLACK && !behind) report.find("FUTURE_DATED", "alarm", about);
    const suspect = Math.max(behind ? vouched : 0, report.ahead);
    if (suspect) report.find("CLOCK_SUSPECT", "attention", { since: text(suspect) });
    const base = authentic[baseline].issue;
    const length = expires - asOf;
    if (length > report.maxInterval * DAY || length > 2 * (canary.instant(base.expires) - canary.instant(base.as_of))) {
      report.find("LONG_INTERVAL", "attention", about);
    }
    report.gaps = [];
    for (let i = 1; i < authentic.length; i++) {
      const [before, after] = [authentic[i - 1].issue, authentic[i].issue];
      if (canary.instant(after.as_of) <= canary.instant(before.expires)) continue;
      report.gaps.push({ from: before.expires, to: after.as_of, after_issue: before.number });
      if (i > baseline) report.find("RESUMED", "attention", { issue: after.number, since: before.expires, until: after.as_of });
    }
    report.step("dates", state === "LIVE" ? "holds" : "fails", { as_of: newest.as_of, next_due: newest.next_due, expires: newest.expires });
    return state;
  }

  // When a round of quicknet was published, or null.
  function roundTime(round) {
    const time = QUICKNET_GENESIS + (round - 1) * QUICKNET_PERIOD;
    return round >= 1 && time <= LAST_INSTANT ? time : null;
  }

  // Not-before evidence (format.md section 2.5): the newest verified instant of all these issues, or null.
  async function checkEvidence(report, authentic) {
    const pieces = authentic.flatMap(({ issue }) =>
      (issue.not_before ?? []).filter(({ chain }) => chain.toLowerCase() === QUICKNET).map(({ round, signature }) =>
        ({ issue, round, time: roundTime(round), signature: canary.unhex(signature) })));
    const answers = await canary.beacon.verifyBeacons(pieces);
    let [at, failed, newestOfAll, last, before] = [0, 0, null, null, false];
    for (const { issue } of authentic) {
      before ||= last !== null;
      last = null;
      for (; pieces[at]?.issue === issue; at++) {
        const piece = pieces[at];
        const holds = answers[at] && piece.time !== null;
        if (holds) last = Math.max(last ?? 0, piece.time);
        if (holds && piece.time <= canary.instant(issue.as_of) + CLOCK_SLACK) continue;
        failed++;
        report.find("FRESHNESS_INVALID", "alarm", { issue: issue.number });
      }
      if (last !== null) newestOfAll = Math.max(newestOfAll ?? 0, last);
    }
    const { number, as_of } = authentic.at(-1).issue;
    if (last === null) report.find("FRESHNESS_MISSING", before ? "attention" : "alive", { issue: number });
    else if (canary.instant(as_of) - last > 72 * 3600) report.find("FRESHNESS_STALE", "attention", { issue: number });
    if (failed) report.step("evidence", "fails", { reason: "fails", count: failed });
    else if (last === null) report.step("evidence", "left out", { reason: "none" });
    else report.step("evidence", "holds", { reason: "beacon", time: text(last) });
    return newestOfAll;
  }

  // --- Facts against the baseline (verdicts.md section 3) -----------------------------------------

  // How set `now` stands to set `then`: "same", "less", "more" or "other". "all" contains everything.
  function compareSets(then, now) {
    const within = (a, b) => b.includes("all") || (!a.includes("all") && a.every((entry) => b.includes(entry)));
    const [less, more] = [within(now, then), within(then, now)];
    return less && more ? "same" : less ? "less" : more ? "more" : "other";
  }

  function compareScopes(then, now) {
    const results = ["entities", "services", "roles", "layers", "jurisdictions"].map((part) => compareSets(then[part], now[part]));
    const [a, b] = [then.excludes ?? [], now.excludes ?? []];
    const [kept, added] = [a.every((entry) => b.includes(entry)), b.some((entry) => !a.includes(entry))];
    results.push(kept ? (added ? "less" : "same") : b.every((entry) => a.includes(entry)) ? "more" : "other");
    if (results.includes("other") || (results.includes("less") && results.includes("more"))) return "SCOPE_CHANGED";
    return results.includes("less") ? "SCOPE_NARROWED" : results.includes("more") ? "SCOPE_WIDENED" : null;
  }

  function reworded(then, now) {
    const texts = Object.keys(now.text).some((tag) => tag in then.text && then.text[tag] !== now.text[tag]);
    return texts || then.tense !== now.tense || then.since !== now.since;
  }

  const factOf = (issue, id) => issue.facts.find((fact) => fact.id === id);

  // `first` is the index of the first issue without the fact. At least one full interval of notice.
  function wasAnnounced(issues, first, id) {
    const silentFrom = canary.instant(issues[first].as_of);
    for (let i = first - 1; i >= 0; i--) {
      const isNotice = (entry) => entry.id === id && canary.instant(entry.after) <= silentFrom;
      if (!factOf(issues[i], id) || !(issues[i].retiring ?? []).some(isNotice)) return false;
      if (canary.instant(issues[i].next_due) <= silentFrom) return true;
    }
    return false;
  }

  // Findings begin at the baseline; what lies before it is history, told in `facts`.
  function checkFacts(report, issues, baseline) {
    const lives = new Map();
    const ever = new Map();
    issues.forEach((issue, index) => {
      for (const fact of issue.facts) {
        ever.set(fact.id, { first: ever.get(fact.id)?.first ?? index, last: index });
        if (index < baseline) continue;
        const about = { issue: issue.number, fact: fact.id };
        const life = lives.get(fact.id);
        if (!life) {
          if (index > baseline) report.find("FACT_ADDED", "alive", about);
          lives.set(fact.id, { last: index, fact });
          continue;
        }
        const changed = reworded(life.fact, fact);
        if (changed) report.find("FACT_REWORDED", "alarm", about);
        else if (index > life.last + 1) report.find("FACT_REAFFIRMED", "attention", about);
        const scope = compareScopes(life.fact.scope, fact.scope);
        if (scope) report.find(scope, scope === "SCOPE_WIDENED" ? "attention" : "alarm", about);
        Object.assign(life, { last: index, fact });
      }
    });
    const newest = issues.length - 1;
    report.facts = [...ever].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, { first, last }]) => {
      const state = last === newest ? "AFFIRMED" : wasAnnounced(issues, last + 1, id) ? "RETIRED" : "ABSENT";
      if (last < newest && lives.has(id)) {
        const [code, severity] = state === "RETIRED" ? ["FACT_RETIRED", "attention"] : ["FACT_ABSENT", "alarm"];
        report.find(code, severity, { issue: issues[last + 1].number, fact: id, since: issues[last + 1].as_of });
      }
      return { id, state, first_affirmed: issues[first].as_of, last_affirmed: issues[last].as_of };
    });
    for (const { id, after } of issues[newest].retiring ?? []) {
      report.find("RETIREMENT_ANNOUNCED", "attention", { fact: id, since: after });
    }
    report.step("facts", report.findings.some(({ code }) => code === "FACT_ABSENT") ? "fails" : "holds", { affirmed: issues[newest].facts.length, ever: ever.size });
  }

  // Promises never cause a finding, counters at most attention. A counter is compared with the same period as
  // it was given last, however long ago, else with the latest period of the last issue that gave it.
  function checkCounters(report, issues) {
    const last = new Map();
    const ofPeriod = new Map();
    const changed = new Map();
    const period = ({ from, to }) => `${to} ${from}`;
    const width = ({ band }) => (band ? band[1] - band[0] : null);
    for (const { number, counters = [] } of issues) {
      for (const id of new Set(counters.map((counter) => counter.id))) {
        const own = counters.filter((counter) => counter.id === id);
        const before = last.get(id)?.own ?? [];
        for (const counter of own) {
          const key = `${id} ${period(counter)}`;
          const same = ofPeriod.get(key);
          ofPeriod.set(key, counter);
          const earlier = same ?? before.reduce((latest, other) => (!latest || period(other) >= period(latest) ? other : latest), null);
          if (!earlier || canary.same(earlier.value, counter.value)) continue;
          const about = { issue: number, fact: id };
          if (!same && width(earlier.value) === width(counter.value)) changed.set(id, about);
          else report.find("COUNTER_REPRESENTATION_CHANGED", "attention", { ...about, detail: counter.value.band?.[0] === 0 ? "0–" + counter.value.band[1] : undefined });
        }
        last.set(id, { number, own });
      }
    }
    // Of changes that carry no weight the newest is enough.
    for (const about of changed.values()) report.find("COUNTER_CHANGED", "alive", about);
    for (const [id, { number }] of last) {
      if (number < issues.at(-1).number) report.find("COUNTER_REPRESENTATION_CHANGED", "attention", { issue: number + 1, fact: id });
    }
  }

  function checkPublisher(report, issues) {
    for (let i = 1; i < issues.length; i++) {
      const [then, now] = [issues[i - 1], issues[i]];
      const about = { issue: now.number };
      if (!canary.same(then.publisher, now.publisher)) {
        report.find("PUBLISHER_CHANGED", publisherLost(then.publisher, now.publisher) ? "alarm" : "attention", about);
      }
      if (!canary.same(then.log, now.log)) report.find("LOG_CHANGED", "attention", about);
      if (!canary.same(then.roster, now.roster)) report.find("ROSTER_CHANGED", "attention", about);
    }
  }

  function publisherLost(then, now) {
    const lost = (list) => then[list].some((item) => !now[list].some((other) => canary.same(item, other)));
    return lost("entities") || lost("services") || then.languages[0] !== now.languages[0] || then.languages.some((tag) => !now.languages.includes(tag));
  }

  // --- The whole ----------------------------------------------------------------------------------

  function finish(report, { state, authentic = [], checkpoint = null, heartbeat = null, name = null }) {
    const order = (finding) => -SEVERITIES.indexOf(finding.severity);
    report.findings.sort((a, b) => order(a) - order(b) || (a.issue ?? 0) - (b.issue ?? 0) || (a.fact ?? "").localeCompare(b.fact ?? ""));
    const worst = report.findings.reduce((so, { severity }) => Math.max(so, SEVERITIES.indexOf(severity)), 0);
    const newest = authentic.at(-1) ?? null;
    return {
      report: "warrant-canary/report/v1",
      at: text(report.at),
      subject: { origin: newest?.issue.origin ?? checkpoint?.origin ?? null, url: report.pin?.url ?? name, pin: report.pinText },
      severity: SEVERITIES[worst],
      state,
      findings: report.findings,
      issue: newest && {
        number: newest.issue.number,
        digest: "sha256:" + canary.hex(newest.digest),
        as_of: newest.issue.as_of,
        next_due: newest.issue.next_due,
        expires: newest.issue.expires,
      },
      affirmed_by: newest ? persons(newest.signers) : [],
      ages: {
        human: newest && report.at - canary.instant(newest.issue.as_of),
        heartbeat: heartbeat === null ? null : report.at - heartbeat,
        observation: null,
      },
      facts: report.facts ?? [],
      log: checkpoint && { size: checkpoint.size, root: canary.base64(checkpoint.root), heartbeat_at: heartbeat === null ? null : text(heartbeat), witnesses: [] },
      gaps: report.gaps ?? [],
      unchecked: report.unchecked,
      steps: report.steps,
      newest: newest?.issue ?? null,
    };
  }

  // The order of verdicts.md section 6, on what was read. `site` is what `readSite` gave.
  async function judgeLeaves(report, engine, { checkpoint, leaves, consistent, fault }) {
    report.step("checkpoint", "holds", { origin: checkpoint.origin, size: checkpoint.size });
    if (!leaves) {
      report.fault(fault);
      report.step("tree", "fails", { size: checkpoint.size });
      return finish(report, { state: fault instanceof Unreachable ? "UNREACHABLE" : "UNVERIFIED", checkpoint });
    }
    if (!consistent) report.find("LOG_INCONSISTENT", "alarm");
    report.step("tree", consistent ? "holds" : "fails", { size: checkpoint.size, root: canary.base64(checkpoint.root) });
    return judgeIssues(report, engine, leaves, 0, checkpoint);
  }

  // From the envelopes on: `leaves[0]` is issue `offset` + 1; `checkpoint` is null for a bare envelope.
  async function judgeIssues(report, engine, leaves, offset, checkpoint) {
    const end = offset + leaves.length;
    const pin = reach(report, offset, end, checkpoint?.size ?? null);
    const authentic = pin === false ? [] : await walk(report, engine, leaves, offset, pin);
    const from = pin ? pin.number : offset + 1;
    report.step("chain", authentic.length && authentic.at(-1).issue.number === end ? "holds" : "fails", { from, to: end, pinned: Boolean(pin) });
    if (!authentic.length) return finish(report, { state: "UNVERIFIED", checkpoint });
    const heartbeat = await judgeAuthentic(report, engine, authentic, checkpoint);
    return finish(report, { state: report.state, authentic, checkpoint, heartbeat });
  }

  async function judgeAuthentic(report, engine, authentic, checkpoint) {
    const newest = authentic.at(-1);
    // The baseline is the pinned issue, or the first (verdicts.md section 3).
    const place = authentic.findIndex(({ issue }) => issue.number >= (report.pin?.number ?? 1));
    const baseline = place < 0 ? authentic.length - 1 : place;
    const since = authentic.slice(baseline);
    report.step("quorum", "holds", { threshold: newest.issue.roster.threshold, names: newest.signers.map((signer) => `${signer.name} (${signer.jurisdiction})`).join(", ") });
    let heartbeat = null;
    if (checkpoint) {
      await checkLog(report, engine, checkpoint, newest);
      heartbeat = await checkHeartbeat(report, engine, checkpoint, newest);
    }
    const vouched = await checkEvidence(report, since);
    report.state = checkDates(report, authentic, baseline, vouched);
    checkFacts(report, authentic.map((envelope) => envelope.issue), baseline);
    checkCounters(report, since.map((envelope) => envelope.issue));
    checkPublisher(report, since.map((envelope) => envelope.issue));
    return heartbeat;
  }

  // Judges what `evidence` holds: `{read}` for a site, `{bytes}` for one file (with `file.js`).
  //   options.pin         a pin's text, or null
  //   options.at          the judging instant, seconds since 1970
  //   options.maxInterval days (default 100)
  //   options.engine      what `ed25519.chooseEngine` gave
  async function judge(evidence, { pin = null, at, maxInterval = 100, engine }) {
    const report = new Report(at, pin === null ? null : canary.parsePin(pin));
    report.pinText = pin;
    report.maxInterval = maxInterval;
    if (pin !== null && !report.pin) throw new RangeError("not a pin");
    try {
      if (evidence.bytes) return await canary.judgeFile(report, engine, evidence.bytes);
      return await judgeLeaves(report, engine, await readSite(evidence.read));
    } catch (fault) {
      report.fault(fault);
      report.step(evidence.bytes ? "file" : "checkpoint", "fails", {});
      const { code } = report.findings.at(-1);
      return finish(report, { state: ["MISSING", "UNREACHABLE"].includes(code) ? code : "UNVERIFIED" });
    }
  }

  Object.assign(canary, { judge, Unreachable, judgeIssues });
})((globalThis.warrantCanary ??= {}));
