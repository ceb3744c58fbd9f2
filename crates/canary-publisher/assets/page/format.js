// The warrant canary format (docs/spec/format.md), read in a browser.
//
// This file shares nothing with the Rust crates: it was written from the specification, so that the
// page and the command are two witnesses and not one. It turns bytes into checked values or throws a
// Fault; it concludes nothing. `judge.js` concludes.
"use strict";
(function (canary) {
  // --- Limits (format.md sections 2, 3 and 9) -------------------------------------------------

  const LIMITS = {
    payload: 40960,
    envelope: 65535,
    checkpoint: 65536,
    leaves: 16384,
    total: 256 * 1024 * 1024,
    depth: 16,
  };

  // A broken rule. `code` is a finding of verdicts.md section 3.
  class Fault extends Error {
    constructor(code, rule, place) {
      super(place ? `${rule} at ${place}` : rule);
      this.code = code;
    }
  }
  const malformed = (rule, place) => new Fault("MALFORMED", rule, place);
  const require = (holds, rule, place) => {
    if (!holds) throw malformed(rule, place);
  };

  // --- Bytes ----------------------------------------------------------------------------------

  const utf8 = new TextEncoder();
  const bytesOf = (text) => utf8.encode(text);

  function textOf(bytes, what) {
    try {
      // ignoreBOM keeps a byte order mark in the text, where the grammar then refuses it.
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw malformed("not UTF-8", what);
    }
  }

  function concat(...parts) {
    const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }

  const equal = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);
  const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
  function hex(bytes) {
    let text = "";
    for (const byte of bytes) text += DIGITS[byte];
    return text;
  }

  function base64(bytes) {
    let text = "";
    for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
    return btoa(text);
  }

  // Canonical base64 only: padded, and the bits that padding leaves over are zero.
  const CANONICAL = /^[A-Za-z0-9+/]*(?:[AQgw]==|[AEIMQUYcgkosw048]=)?$/;
  function unbase64(text, what) {
    require(typeof text === "string" && text.length % 4 === 0 && CANONICAL.test(text), "not canonical base64", what);
    const raw = atob(text);
    const bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
    return bytes;
  }

  const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

  const digest = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

  // --- Strict JSON (format.md section 2) ------------------------------------------------------

  // Returns plain values; objects have no prototype. Refuses duplicate members, numbers other than
  // safe integers, lone surrogates, a byte order mark, and nesting deeper than 16.
  function parseJson(text, what) {
    let at = 0;
    const fail = (rule) => {
      throw malformed(rule, `${what}, character ${at}`);
    };
    const space = () => {
      while (at < text.length && " \t\n\r".includes(text[at])) at++;
    };
    const expect = (word, value) => {
      if (!text.startsWith(word, at)) fail("not JSON");
      at += word.length;
      return value;
    };

    function string() {
      at++;
      let out = "";
      for (;;) {
        if (at >= text.length) fail("string not closed");
        const char = text[at];
        if (char === '"') break;
        if (char < " ") fail("control character in a string");
        if (char !== "\\") {
          out += char;
          at++;
          continue;
        }
        const next = text[at + 1];
        const simple = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" }[next];
        if (simple !== undefined) {
          out += simple;
          at += 2;
        } else {
          const code = text.slice(at + 2, at + 6);
          if (next !== "u" || !/^[0-9A-Fa-f]{4}$/.test(code)) fail("unknown escape");
          out += String.fromCharCode(parseInt(code, 16));
          at += 6;
        }
      }
      at++;
      // With the u flag, \p{Cs} matches surrogates that are not half of a pair.
      if (/\p{Cs}/u.test(out)) fail("lone surrogate");
      return out;
    }

    function number() {
      const token = /^-?[0-9]+/.exec(text.slice(at, at + 20));
      if (!token || !/^-?(0|[1-9][0-9]*)$/.test(token[0]) || token[0] === "-0") fail("not an integer of the format");
      at += token[0].length;
      if (at < text.length && /[.eE0-9+-]/.test(text[at])) fail("not an integer of the format");
      const value = Number(token[0]);
      if (!Number.isSafeInteger(value)) fail("integer out of range");
      return value;
    }

    function value(depth) {
      space();
      const char = text[at];
      if (char === '"') return string();
      if (char === "t") return expect("true", true);
      if (char === "f") return expect("false", false);
      if (char === "n") return expect("null", null);
      if (char !== "{" && char !== "[") return number();
      if (depth > LIMITS.depth) fail("nested too deep");
      return char === "{" ? object(depth) : array(depth);
    }

    function object(depth) {
      const out = Object.create(null);
      at++;
      space();
      if (text[at] === "}") return at++, out;
      for (;;) {
        space();
        if (text[at] !== '"') fail("not a member name");
        const name = string();
        if (Object.prototype.hasOwnProperty.call(out, name)) fail(`duplicate member ${JSON.stringify(name)}`);
        space();
        expect(":");
        out[name] = value(depth + 1);
        space();
        if (text[at] === "}") return at++, out;
        expect(",");
      }
    }

    function array(depth) {
      const out = [];
      at++;
      space();
      if (text[at] === "]") return at++, out;
      for (;;) {
        out.push(value(depth + 1));
        space();
        if (text[at] === "]") return at++, out;
        expect(",");
      }
    }

    const out = value(1);
    space();
    if (at !== text.length) fail("something after the document");
    return out;
  }

  // Equality of parsed values: array order counts, member order does not (format.md section 4).
  function same(a, b) {
    if (a === b) return true;
    if (typeof a !== "object" || typeof b !== "object" || !a || !b || Array.isArray(a) !== Array.isArray(b)) return false;
    const names = Object.keys(a);
    return names.length === Object.keys(b).length && names.every((name) => name in b && same(a[name], b[name]));
  }

  // --- The grammar of an issue ----------------------------------------------------------------

  const LAYERS = [
    "physical", "resource", "os", "network", "application", "data.storage", "data.transfer", "data.access",
    "data.migration", "data.destruction", "data.management", "data.forensics", "data.personal", "iam",
  ];
  const ROLES = ["controller", "processor", "sub-processor", "joint-controller"];
  const MODELS = ["on-premises", "iaas", "paas", "saas"];

  const HIDDEN = new RegExp(
    "[\\u0000-\\u0009\\u000b-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069\\u00ad\\u034f" +
      "\\u115f\\u1160\\u180e\\u200b\\u2028\\u2029\\u2060-\\u206f\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff9-\\ufffb" +
      "\\u{e0000}-\\u{e0fff}]",
    "u",
  );

  // RFC 5646, section 2.1: the grammar, and the tags it keeps for history's sake.
  const LANGUAGE = new RegExp(
    "^(?:(?:(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4}|[a-z]{5,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?" +
      "(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(?:-[0-9a-wyz](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?)" +
      "|x(?:-[a-z0-9]{1,8})+|en-gb-oed|i-(?:ami|bnn|default|enochian|hak|klingon|lux|mingo|navajo|pwn|tao|tay|tsu)" +
      "|sgn-(?:be-fr|be-nl|ch-de)|art-lojban|cel-gaulish|no-bok|no-nyn|zh-(?:guoyu|hakka|min|min-nan|xiang))$",
    "i",
  );

  const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

  function realDate(year, month, day) {
    const leap = month === 2 && (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)) ? 1 : 0;
    return month >= 1 && month <= 12 && day >= 1 && day <= DAYS[month - 1] + leap;
  }

  // Seconds since 1970 of an exact `YYYY-MM-DDTHH:MM:SSZ`, or null.
  function instant(text) {
    const m = typeof text === "string" && /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z$/.exec(text);
    if (!m) return null;
    const [year, month, day, hour, minute, second] = m.slice(1).map(Number);
    if (!realDate(year, month, day) || hour > 23 || minute > 59 || second > 59) return null;
    const date = new Date(0);
    date.setUTCFullYear(year, month - 1, day);
    date.setUTCHours(hour, minute, second);
    return date.getTime() / 1000;
  }

  // Checkers: each takes a value and its place, and throws a Fault. `shape` refuses unknown members.
  const check = {
    string(value, place, min, max, lines) {
      require(typeof value === "string", "not a string", place);
      require(value.normalize("NFC") === value, "not in Normalization Form C", place);
      require(!HIDDEN.test(value) && (lines || !value.includes("\n")), "control or invisible character", place);
      const length = [...value].length;
      require(length >= min && length <= max, `not ${min} to ${max} characters`, place);
    },
    name: (value, place) => check.string(value, place, 1, 200),
    id(value, place) {
      require(typeof value === "string" && value.length <= 64 && /^[a-z0-9]+([.-][a-z0-9]+)*$/.test(value), "not an id", place);
    },
    integer(value, place, min, max = Number.MAX_SAFE_INTEGER) {
      require(Number.isSafeInteger(value) && value >= min && value <= max, `not an integer from ${min}`, place);
    },
    oneOf: (list) => (value, place) => require(list.includes(value), "not in the list of the format", place),
    jurisdiction: (value, place) => require(typeof value === "string" && /^[A-Z]{2}$/.test(value), "not a jurisdiction", place),
    timestamp: (value, place) => require(instant(value) !== null, "not a timestamp", place),
    date(value, place) {
      const m = typeof value === "string" && /^(\d{4})-(\d\d)-(\d\d)$/.exec(value);
      require(m && realDate(Number(m[1]), Number(m[2]), Number(m[3])), "not a date", place);
    },
    hex: (value, place) => require(typeof value === "string" && /^([0-9A-Fa-f]{2})*$/.test(value), "not hex", place),
    url(value, place) {
      require(typeof value === "string" && value.length <= 2000, "not an http or https URL prefix", place);
      require(/^https?:\/\/(?!\/)[^"<>?#\\^\x60{|}]*\/$/.test(value) && /^[!-~]*$/.test(value), "not an http or https URL prefix", place);
    },
    contact(value, place) {
      require(typeof value === "string" && value.length <= 2000, "not a mailto or https address", place);
      require(/^(mailto:|https:)[^"<>\\^\x60{|}]+$/.test(value) && /^[!-~]*$/.test(value), "not a mailto or https address", place);
    },
    list(value, place, min, max, item) {
      require(Array.isArray(value), "not an array", place);
      require(value.length >= min && value.length <= max, `not ${min} to ${max} items`, place);
      value.forEach((entry, i) => item(entry, `${place}[${i}]`));
    },
    unique(values, what, place) {
      require(new Set(values).size === values.length, `${what} twice`, place);
    },
    // `members` maps a name to a checker; a name that ends in "?" may be left out.
    shape(value, place, members) {
      require(value !== null && typeof value === "object" && !Array.isArray(value), "not an object", place);
      const known = Object.keys(members).map((name) => name.replace("?", ""));
      for (const name of Object.keys(value)) require(known.includes(name), `unknown member ${JSON.stringify(name)}`, place);
      for (const [name, checker] of Object.entries(members)) {
        const bare = name.replace("?", "");
        if (bare in value) checker(value[bare], `${place}.${bare}`);
        else require(name.endsWith("?"), `member "${bare}" missing`, place);
      }
    },
  };

  const isOrigin = (value) => typeof value === "string" && /^[!-*,-~]{1,200}$/.test(value);

  function checkScope(scope, place, publisher) {
    const named = (known) => (value, at) => {
      check.list(value, at, 1, Infinity, (entry, where) => require(entry === "all" || known(entry), "unknown in a scope", where));
      require(!value.includes("all") || value.length === 1, '"all" not alone', at);
    };
    const ids = (list) => (entry) => list.some((item) => item.id === entry);
    check.shape(scope, place, {
      entities: named(ids(publisher.entities)),
      services: named(ids(publisher.services)),
      roles: named((entry) => ROLES.includes(entry)),
      layers: named((entry) => LAYERS.includes(entry)),
      jurisdictions: named((entry) => typeof entry === "string" && /^[A-Z]{2}$/.test(entry)),
      "excludes?": (value, at) => check.list(value, at, 1, 16, check.name),
    });
  }

  function checkPublisher(publisher, place) {
    check.shape(publisher, place, {
      name: check.name,
      languages: (value, at) => {
        check.list(value, at, 1, 8, (tag, where) => require(typeof tag === "string" && LANGUAGE.test(tag), "not a language tag", where));
        check.unique(value, "language", at);
      },
      canonical_url: check.url,
      "mirrors?": (value, at) => check.list(value, at, 0, 8, check.url),
      "contact?": check.contact,
      services: (value, at) => check.list(value, at, 1, 64, (entry, where) =>
        check.shape(entry, where, { id: check.id, name: check.name, model: check.oneOf(MODELS) })),
      entities: (value, at) => check.list(value, at, 1, 32, (entry, where) =>
        check.shape(entry, where, { id: check.id, name: check.name, jurisdiction: check.jurisdiction })),
    });
  }

  function checkRoster(roster, place) {
    check.shape(roster, place, {
      threshold: (value, at) => check.integer(value, at, 1),
      "min_jurisdictions?": (value, at) => check.integer(value, at, 1),
      signers: (value, at) => check.list(value, at, 1, 16, (signer, where) =>
        check.shape(signer, where, {
          name: check.name,
          role: check.name,
          jurisdiction: check.jurisdiction,
          keys: (keys, within) => check.list(keys, within, 1, 4, (key, here) => sshKey(key, here)),
        })),
    });
    check.unique(roster.signers.map((signer) => signer.name), "name", place);
    require(roster.threshold <= roster.signers.length, "threshold above the number of signers", place);
    require((roster.min_jurisdictions ?? 1) <= roster.threshold, "min_jurisdictions above the threshold", place);
  }

  function checkFact(fact, place, publisher, localised) {
    check.shape(fact, place, {
      id: check.id,
      text: localised,
      tense: check.oneOf(["never", "current", "since"]),
      "since?": check.date,
      scope: (value, at) => checkScope(value, at, publisher),
      "supersedes?": check.id,
    });
    require((fact.tense === "since") === "since" in fact, '"since" and the tense disagree', place);
  }

  function checkCounter(counter, place, localised) {
    check.shape(counter, place, {
      id: check.id,
      text: localised,
      from: check.date,
      to: check.date,
      value: (value, at) => {
        check.shape(value, at, {
          "exact?": (n, where) => check.integer(n, where, 0),
          "band?": (band, where) => {
            check.list(band, where, 2, 2, (n, here) => check.integer(n, here, 0));
            require(band[0] < band[1], "band not rising", where);
          },
        });
        require("exact" in value !== "band" in value, "neither exact nor a band", at);
      },
    });
  }

  // Checks everything of format.md section 2 that one payload shows, and returns the parsed issue.
  // The log's keys are looked at by `checkLogKeys`, which needs hashing.
  function parseIssue(payload) {
    if (payload.length > LIMITS.payload) throw new Fault("TOO_LARGE", `payload over ${LIMITS.payload} bytes`);
    const issue = parseJson(textOf(payload, "payload"), "payload");
    require(issue !== null && typeof issue === "object" && !Array.isArray(issue), "not an object", "payload");
    require(issue.publisher && typeof issue.publisher === "object", 'member "publisher" missing', "payload");
    checkPublisher(issue.publisher, "publisher");
    const { languages } = issue.publisher;
    const localised = (value, place) => {
      check.shape(value, place, Object.fromEntries(languages.map((tag) => [tag, (text, at) => check.string(text, at, 1, 2000, true)])));
    };
    const timestamp = check.timestamp;
    check.shape(issue, "issue", {
      type: check.oneOf(["warrant-canary/issue/v1"]),
      origin: (value, at) => require(isOrigin(value), "not an origin", at),
      number: (value, at) => check.integer(value, at, 1),
      previous: (value, at) => require(value === null || (typeof value === "string" && /^sha256:[0-9a-f]{64}$/.test(value)), "not a digest", at),
      as_of: timestamp,
      next_due: timestamp,
      expires: timestamp,
      publisher: () => {},
      facts: (value, at) => check.list(value, at, 0, 64, (fact, where) => checkFact(fact, where, issue.publisher, localised)),
      "promises?": (value, at) => check.list(value, at, 0, 32, (promise, where) => check.shape(promise, where, { id: check.id, text: localised })),
      "counters?": (value, at) => check.list(value, at, 0, 32, (counter, where) => checkCounter(counter, where, localised)),
      "retiring?": (value, at) => check.list(value, at, 0, 64, (entry, where) => check.shape(entry, where, { id: check.id, after: timestamp })),
      roster: checkRoster,
      log: (value, at) => check.shape(value, at, {
        key: (key, where) => require(typeof key === "string", "not a string", where),
        "heartbeat?": (heartbeat, where) => check.shape(heartbeat, where, {
          key: (key, here) => require(typeof key === "string", "not a string", here),
          max_age: (age, here) => check.integer(age, here, 3600, 2678400),
        }),
      }),
      "not_before?": (value, at) => check.list(value, at, 0, 16, (entry, where) => check.shape(entry, where, {
        kind: check.oneOf(["drand"]),
        chain: check.hex,
        round: (round, here) => check.integer(round, here, 0),
        signature: check.hex,
      })),
    });
    require((issue.number === 1) === (issue.previous === null), '"previous" is null exactly in issue 1', "issue.previous");
    check.unique(issue.facts.map((fact) => fact.id), "id", "issue.facts");
    const [asOf, nextDue, expires] = [instant(issue.as_of), instant(issue.next_due), instant(issue.expires)];
    require(nextDue > asOf, "next_due not after as_of", "issue");
    require(expires >= nextDue, "expires before next_due", "issue");
    require(expires - asOf <= 400 * 86400, "expires more than 400 days after as_of", "issue");
    return issue;
  }

  // --- Keys -----------------------------------------------------------------------------------

  const SSH_HEAD = concat(new Uint8Array([0, 0, 0, 11]), bytesOf("ssh-ed25519"), new Uint8Array([0, 0, 0, 32]));

  // `ssh-ed25519 AAAA…` without a comment: the 51-byte blob. The last 32 bytes are the key.
  function sshKey(text, place) {
    require(typeof text === "string" && text.startsWith("ssh-ed25519 "), "not an ssh-ed25519 key", place);
    const blob = unbase64(text.slice(12), place);
    require(blob.length === 51 && equal(blob.subarray(0, 19), SSH_HEAD), "not an ssh-ed25519 key", place);
    return blob;
  }

  // A person's key: its fingerprint and its 32 bytes. The same few keys sign every issue.
  const people = new Map();
  async function personKey(text) {
    if (!people.has(text)) {
      if (people.size > 4096) people.clear();
      const blob = sshKey(text);
      people.set(text, { keyid: "SHA256:" + base64(await digest(blob)).replace(/=+$/, ""), raw: blob.subarray(19) });
    }
    return people.get(text);
  }

  // A C2SP verifier key `name+hash+base64(type || key)`.
  const machines = new Map();
  async function verifierKey(text, name, type, place) {
    const cached = `${type} ${name} ${text}`;
    if (!machines.has(cached)) {
      if (machines.size > 4096) machines.clear();
      machines.set(cached, await readVerifierKey(text, name, type, place));
    }
    return machines.get(cached);
  }

  async function readVerifierKey(text, name, type, place) {
    const prefix = name + "+";
    require(text.startsWith(prefix) && /^[0-9a-f]{8}\+/.test(text.slice(prefix.length)), "not a verifier key of that name", place);
    const typed = unbase64(text.slice(prefix.length + 9), place);
    require(typed.length === 33 && typed[0] === type, "not a verifier key of that type", place);
    const id = (await digest(concat(bytesOf(name + "\n"), typed))).subarray(0, 4);
    require(hex(id) === text.slice(prefix.length, prefix.length + 8), "key hash differs from the key", place);
    return { name, id, key: typed.subarray(1) };
  }

  // The log's and heartbeat's keys, and the rule that no key serves two ends (format.md section 2).
  async function checkLogKeys(issue) {
    const log = await verifierKey(issue.log.key, issue.origin, 1, "log.key");
    const heartbeat = issue.log.heartbeat
      ? await verifierKey(issue.log.heartbeat.key, issue.origin + "/heartbeat", 4, "log.heartbeat.key")
      : null;
    const keys = issue.roster.signers.flatMap((signer) => signer.keys.map((key) => hex(sshKey(key).subarray(19))));
    keys.push(hex(log.key));
    if (heartbeat) keys.push(hex(heartbeat.key));
    check.unique(keys, "public key", "issue");
    return { log, heartbeat };
  }

  // --- Envelope (format.md section 3) ---------------------------------------------------------

  const PAYLOAD_TYPE = "application/vnd.warrant-canary.issue.v1+json";

  const pae = (type, payload) =>
    concat(bytesOf(`DSSEv1 ${bytesOf(type).length} ${type} ${payload.length} `), payload);

  // Reads an envelope and the issue in it. No signature is verified here.
  async function parseEnvelope(bytes) {
    if (bytes.length > LIMITS.envelope) throw new Fault("TOO_LARGE", `envelope over ${LIMITS.envelope} bytes`);
    const outer = parseJson(textOf(bytes, "envelope"), "envelope");
    let payload;
    const signatures = [];
    check.shape(outer, "envelope", {
      payloadType: check.oneOf([PAYLOAD_TYPE]),
      payload: (value, at) => {
        payload = unbase64(value, at);
      },
      signatures: (value, at) => check.list(value, at, 1, 64, (entry, where) => {
        let sig;
        check.shape(entry, where, {
          keyid: (keyid, here) => {
            require(typeof keyid === "string" && /^SHA256:[A-Za-z0-9+/]{43}$/.test(keyid), "not a fingerprint", here);
            unbase64(keyid.slice(7) + "=", here);
          },
          sig: (text, here) => {
            sig = unbase64(text, here);
            require(sig.length === 64, "not 64 bytes", here);
          },
        });
        signatures.push({ keyid: entry.keyid, sig });
      }),
    });
    check.unique(signatures.map((entry) => entry.keyid), "keyid", "envelope.signatures");
    const issue = parseIssue(payload);
    const keys = await checkLogKeys(issue);
    return { bytes, payload, signatures, issue, keys, digest: await digest(payload), signed: pae(PAYLOAD_TYPE, payload) };
  }

  // --- Checkpoint, tree, bundles, proofs (format.md section 5) --------------------------------

  function parseCheckpoint(bytes) {
    if (bytes.length > LIMITS.checkpoint) throw new Fault("TOO_LARGE", `checkpoint over ${LIMITS.checkpoint} bytes`);
    const text = textOf(bytes, "checkpoint");
    // A signed note is printable text; control characters other than the newline are refused.
    require(!/[\u0000-\u0009\u000b-\u001f]/.test(text), "control character", "checkpoint");
    const split = text.lastIndexOf("\n\n");
    require(split >= 0 && text.endsWith("\n"), "not a signed note", "checkpoint");
    const body = text.slice(0, split + 1);
    const lines = body.split("\n");
    require(lines.length === 4 && isOrigin(lines[0]), "not origin, size and root alone", "checkpoint");
    const [origin, size, root] = lines;
    // A size beyond 2^53 loses digits here; it is far beyond the limit either way.
    require(/^(0|[1-9][0-9]{0,18})$/.test(size), "not a tree size", "checkpoint");
    const rootHash = unbase64(root, "checkpoint root");
    require(rootHash.length === 32, "root not 32 bytes", "checkpoint");
    const tail = text.slice(split + 2, -1);
    const signatures = tail.split("\n").map((line) => {
      const m = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/=]+)$/u.exec(line);
      require(m, "not a signature line", "checkpoint");
      const blob = unbase64(m[2], "checkpoint signature");
      require(blob.length > 4, "signature too short", "checkpoint");
      return { name: m[1], id: blob.subarray(0, 4), sig: blob.subarray(4) };
    });
    return { origin, size: Number(size), root: rootHash, signed: bytesOf(body), signatures };
  }

  const leafHash = (leaf) => digest(concat(new Uint8Array([0]), leaf));
  const nodeHash = (left, right) => digest(concat(new Uint8Array([1]), left, right));

  // RFC 6962 section 2.1, level by level: an odd last node is carried up as it is.
  async function treeRoot(hashes) {
    if (!hashes.length) return digest(new Uint8Array());
    let level = hashes;
    while (level.length > 1) {
      const next = [];
      for (let i = 0; i + 1 < level.length; i += 2) next.push(nodeHash(level[i], level[i + 1]));
      if (level.length % 2) next.push(level[level.length - 1]);
      level = await Promise.all(next);
    }
    return level[0];
  }

  // The path of an entry bundle: groups of three digits, all but the last marked with an x.
  function bundlePath(number, width) {
    let text = String(number % 1000).padStart(3, "0");
    for (let rest = Math.floor(number / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
      text = "x" + String(rest % 1000).padStart(3, "0") + "/" + text;
    }
    return "tile/entries/" + text + (width < 256 ? ".p/" + width : "");
  }

  // Big-endian 16-bit lengths and bytes, one after another, `count` of them and nothing after.
  function parseBundle(bytes, count) {
    const out = [];
    let at = 0;
    while (at < bytes.length) {
      require(at + 2 <= bytes.length, "bundle cut short", "tile/entries");
      const length = bytes[at] * 256 + bytes[at + 1];
      require(at + 2 + length <= bytes.length, "bundle cut short", "tile/entries");
      out.push(bytes.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
    require(out.length === count, "bundle of another width", "tile/entries");
    return out;
  }

  // --- Pins (format.md section 7) -------------------------------------------------------------

  function parsePin(text) {
    const m = /^(https?:\/\/[^\s#]*\/)?#?([1-9][0-9]{0,14}):sha256:([A-Za-z0-9_-]{43})$/.exec(text.trim());
    if (!m) return null;
    try {
      const bytes = unbase64(m[3].replace(/-/g, "+").replace(/_/g, "/") + "=");
      return { url: m[1] ?? null, number: Number(m[2]), digest: bytes };
    } catch {
      return null;
    }
  }

  const pinText = (url, number, bytes) =>
    `${url}#${number}:sha256:${base64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "")}`;

  Object.assign(canary, {
    LIMITS, LAYERS, Fault, parseJson, same, instant, parseIssue, sshKey, personKey, parseEnvelope,
    parseCheckpoint, leafHash, nodeHash, treeRoot, bundlePath, parseBundle, parsePin, pinText,
    malformed, require, digest, equal, hex, unhex, base64, unbase64, concat, bytesOf, textOf, pae,
  });
})((globalThis.warrantCanary ??= {}));
