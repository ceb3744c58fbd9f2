// The page's own BLS12-381 beside the audited library @noble/curves 1.6.0, and on real beacons.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { canary, corpora } from "./canary.mjs";

const DST = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";
const { hashToPoint, parsePoint, affine, verifyBeacons } = canary.beacon;

async function load(name) {
  try {
    return await import(name);
  } catch {
    return null;
  }
}
const curves = await load("@noble/curves/bls12-381");
const skip = curves ? false : "left out: @noble/curves is not installed (npm install in tests/browser)";
const bls = curves?.bls12_381;

const bytes48 = (n) => Buffer.from(n.toString(16).padStart(96, "0"), "hex");
const sha256 = async (data) => new Uint8Array(await crypto.subtle.digest("SHA-256", data));
const message = async (round) => {
  const data = new DataView(new ArrayBuffer(8));
  data.setBigUint64(0, BigInt(round));
  return sha256(data.buffer);
};

test("hashing to the curve gives the library's points", { skip }, async () => {
  for (let i = 0; i < 24; i++) {
    const data = await sha256(new Uint8Array([i]));
    const theirs = bls.G1.hashToCurve(data.subarray(0, i), { DST }).toAffine();
    assert.deepEqual(affine(await hashToPoint(data.subarray(0, i))), [theirs.x, theirs.y]);
  }
});

test("only canonical points of the prime-order group are read", { skip }, async () => {
  const { Fp } = bls.fields;
  const base = bls.G1.ProjectivePoint.BASE;
  for (let k = 1n; k < 8n; k++) {
    const point = base.multiply(k * 0x1234567890abcdef1n);
    const parsed = parsePoint(point.toRawBytes(true));
    assert.deepEqual(affine(parsed), [point.toAffine().x, point.toAffine().y]);
  }
  const good = base.toRawBytes(true);
  const x = BigInt("0x" + Buffer.from(good).toString("hex")) & ((1n << 381n) - 1n);
  const cases = {
    "not compressed": Uint8Array.from(good, (byte, i) => (i ? byte : byte & 0x7f)),
    "infinity": new Uint8Array([0xc0, ...new Uint8Array(47)]),
    "infinity's flag on a point": Uint8Array.from(good, (byte, i) => (i ? byte : byte | 0x40)),
    "x not below p": bytes48((x + Fp.ORDER) | (1n << 383n)),
    "too short": good.subarray(1),
    "empty": new Uint8Array(),
    "all ones": new Uint8Array(48).fill(255),
  };
  for (const [name, bytes] of Object.entries(cases)) assert.equal(parsePoint(bytes), null, name);
  // On the curve, outside the group (there is one point in so many inside that none is met here); and off the curve.
  const seen = { outside: 0, off: 0 };
  for (let candidate = 1n; candidate < 24n; candidate++) {
    let on = true;
    try {
      Fp.sqrt(Fp.add(Fp.pow(candidate, 3n), 4n));
    } catch {
      on = false;
    }
    seen[on ? "outside" : "off"]++;
    assert.equal(parsePoint(bytes48(candidate | (1n << 383n))), null, String(candidate));
  }
  assert.ok(seen.outside > 3 && seen.off > 3);
  // A point of order 3, alone and beside one of the group.
  const compressed = ({ x, y }) => bytes48(x | (1n << 383n) | (y > Fp.ORDER / 2n ? 1n << 381n : 0n));
  const outside = bls.G1.ProjectivePoint.fromAffine({ x: 0n, y: 2n });
  for (const point of [outside, outside.add(base)]) assert.equal(parsePoint(compressed(point.toAffine())), null);
  assert.notEqual(parsePoint(compressed(base.toAffine())), null);
});

test("signatures are judged as the library judges them, alone and together", { skip }, async () => {
  const secret = await sha256(new TextEncoder().encode("a key that protects nothing"));
  const key = bls.G2.ProjectivePoint.fromPrivateKey(secret);
  const { x, y } = key.toAffine();
  const text = [x.c0, x.c1, y.c0, y.c1].map((n) => bytes48(n).toString("base64")).join("");
  const hash = async (round) => bls.G1.hashToCurve(await message(round), { DST });
  const signed = async (round) => ({ round, signature: bls.G1.ProjectivePoint.fromAffine((await hash(round)).toAffine()).multiply(bls.fields.Fr.create(BigInt("0x" + Buffer.from(secret).toString("hex")))).toRawBytes(true) });
  const good = await Promise.all([1, 2, 3, 255, 256, 65537, 2 ** 40, Number.MAX_SAFE_INTEGER].map(signed));
  assert.deepEqual(await verifyBeacons([], text), []);
  assert.deepEqual(await verifyBeacons(good, text), good.map(() => true));
  for (const beacon of good.slice(0, 2)) assert.deepEqual(await verifyBeacons([beacon], text), [true]);
  const negated = Uint8Array.from(good[2].signature, (byte, i) => (i ? byte : byte ^ 0x20));
  const mixed = [
    good[0],
    { round: 3, signature: good[1].signature },
    { round: 3, signature: negated },
    good[3],
    { round: 0, signature: good[3].signature },
    { round: 1, signature: new Uint8Array(48) },
    // Two wrong ones whose errors cancel where weights are equal.
    { round: 255, signature: good[4].signature },
    { round: 256, signature: good[3].signature },
    good[5],
  ];
  const theirs = await Promise.all(mixed.map(async ({ round, signature }) => {
    try {
      return round > 0 && bls.verifyShortSignature(signature, await hash(round), key);
    } catch {
      return false;
    }
  }));
  assert.deepEqual(theirs, [true, false, false, true, false, false, false, false, true]);
  assert.deepEqual(await verifyBeacons(mixed, text), theirs);
  assert.deepEqual(await verifyBeacons(good.slice(0, 1)), [false], "another chain's key");
});

const quicknet = join(corpora, "drand", "quicknet.json");
test("real beacons of quicknet hold, and no other round's do", { skip: existsSync(quicknet) ? false : "left out: no corpora here" }, async () => {
  const { beacons } = JSON.parse(readFileSync(quicknet, "utf8"));
  const real = beacons.map(({ round, signature }) => ({ round, signature: canary.unhex(signature) }));
  assert.ok(real.length > 3);
  assert.deepEqual(await verifyBeacons(real), real.map(() => true));
  const shifted = real.map(({ signature }, i) => ({ round: real[(i + 1) % real.length].round, signature }));
  assert.deepEqual(await verifyBeacons(shifted), real.map(() => false));
});
