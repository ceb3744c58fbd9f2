// Strict Ed25519 (format.md, table of standards): cofactorless, canonical S, A and R, no small-order
// points, as ed25519-dalek's `verify_strict`.
//
// WebCrypto engines differ in what they let through. What can be told from the bytes alone is
// decided here, before any engine is asked: canonical S, A and R, points of small order, and whether A
// is a point at all. One difference is left that bytes do not show: the equation. An engine may check
// [8][S]B = [8]R + [8][k]A (cofactored) where the format asks for [S]B = R + [k]A (cofactorless).
// `chooseEngine` therefore asks the engine about a signature on which the two disagree, and does not use
// an engine that takes the lax side. docs/browser.md says more.
"use strict";
(function (canary) {
  const P = 2n ** 255n - 19n;
  const L = 2n ** 252n + 27742317777372353535851937790883648493n;
  const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

  // The y coordinates of the eight points of small order, in their canonical encodings.
  const SMALL_ORDER = new Set([
    0n,
    1n,
    P - 1n,
    0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
    0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  ]);

  const number = (bytes) => {
    let out = 0n;
    for (let i = bytes.length - 1; i >= 0; i--) out = (out << 8n) | BigInt(bytes[i]);
    return out;
  };

  function power(base, exponent) {
    let out = 1n;
    for (let b = base % P, e = exponent; e > 0n; e >>= 1n, b = (b * b) % P) if (e & 1n) out = (out * b) % P;
    return out;
  }

  const yOf = (encoded) => number(encoded) & (2n ** 255n - 1n);

  // Canonical and not of small order: decided from the 32 bytes.
  function isStrictEncoding(encoded) {
    if (encoded.length !== 32) return false;
    const y = yOf(encoded);
    return y < P && !SMALL_ORDER.has(y);
  }

  // Is x² = (y² − 1) / (d·y² + 1) a square, so that such a point exists? (Euler's criterion; x = 0 is of small order.)
  function isOnCurve(encoded) {
    const y2 = yOf(encoded) ** 2n % P;
    const ratio = ((y2 + P - 1n) * (D * y2 + 1n)) % P; // u·v is a square exactly when u/v is
    return power(ratio, (P - 1n) / 2n) === 1n;
  }

  // A key is asked about many times: once per signature in every issue.
  const points = new Map();
  function isPoint(encoded) {
    const name = canary.hex ? canary.hex(encoded) : String(encoded);
    if (!points.has(name)) {
      if (points.size > 4096) points.clear();
      points.set(name, isStrictEncoding(encoded) && isOnCurve(encoded));
    }
    return points.get(name);
  }

  const isStrictSignature = (signature) =>
    signature.length === 64 && isStrictEncoding(signature.subarray(0, 32)) && number(signature.subarray(32)) < L;

  // --- Engines: each answers the one question that the bytes do not ------------------------------

  const keys = new Map();
  const webCrypto = {
    name: "WebCrypto",
    async verify(key, message, signature) {
      const name = canary.hex(key);
      if (!keys.has(name)) {
        if (keys.size > 4096) keys.clear();
        keys.set(name, crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]));
      }
      return crypto.subtle.verify({ name: "Ed25519" }, await keys.get(name), signature, message);
    },
  };

  // The vendored library's own `verify` is cofactored, so only its curve arithmetic is used:
  // R = [S]B − [k]A, compared byte by byte.
  const vendored = (noble) => ({
    name: "noble-ed25519",
    async verify(key, message, signature) {
      const r = signature.subarray(0, 32);
      const k = number(new Uint8Array(await crypto.subtle.digest("SHA-512", canary.concat(r, key, message)))) % L;
      const s = number(signature.subarray(32));
      const minusA = noble.Point.fromHex(key).negate();
      const kA = k === 0n ? noble.Point.ZERO : noble.ExtendedPoint.fromAffine(minusA).multiplyUnsafe(k).toAffine();
      const sB = s === 0n ? noble.Point.ZERO : noble.Point.BASE.multiply(s);
      return canary.equal(sB.add(kA).toRawBytes(), r);
    },
  });

  // Two signatures made for this purpose over the message "canary". The first is an ordinary one. In the
  // second, R carries a point of order 8: [8][S]B = [8]R + [8][k]A holds and [S]B = R + [k]A does not.
  const PROBES = [
    { key: "mC9KknrGIIvuyFJAUwA/Xi+VibrwTO7UHCNdsadi3x4=", sig: "3N78kE3VwoYeNfaEAVk6RM7mi+t3HzZZBKdC8lrizk1cMzjw55APZi7WeFKBoVEKGgXQL/ojbKVTSddWKKZ0DA==", strict: true },
    { key: "mC9KknrGIIvuyFJAUwA/Xi+VibrwTO7UHCNdsadi3x4=", sig: "MmJjATTnoX9GWWty4GXjsoJwZ8PxJh7JQ9DQ0mufgpbJ2wh/hZ2NV7MgBl4E9IXjRovNUEWO2gLquR/Q1H50CA==", strict: false },
  ];

  async function answersStrictly(engine) {
    try {
      for (const { key, sig, strict } of PROBES) {
        const answer = await engine.verify(canary.unbase64(key), canary.bytesOf("canary"), canary.unbase64(sig));
        if (answer !== strict) return false;
      }
      return true;
    } catch {
      return false;
    }
  }

  // The browser's own engine if it answers strictly, else the vendored one where the page carries it,
  // else null: then nothing can be verified here.
  async function chooseEngine() {
    if (!globalThis.crypto?.subtle) return null;
    if (await answersStrictly(webCrypto)) return webCrypto;
    if (canary.noble) {
      const engine = vendored(canary.noble);
      if (await answersStrictly(engine)) return engine;
    }
    return null;
  }

  async function verifyStrict(engine, key, message, signature) {
    if (!isPoint(key) || !isStrictSignature(signature)) return false;
    try {
      return (await engine.verify(key, message, signature)) === true;
    } catch {
      return false; // an engine that cannot decompress R or A
    }
  }

  canary.ed25519 = { isPoint, isStrictSignature, verifyStrict, chooseEngine, webCrypto, vendored };
})((globalThis.warrantCanary ??= {}));
