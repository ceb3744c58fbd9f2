// drand beacons of quicknet (docs/spec/format.md sections 2.5 and 12): BLS signatures on BLS12-381, signature in
// G1, hashed by RFC 9380 (BLS12381G1_XMD:SHA-256_SSWU_RO_). Everything here is public, so nothing is constant time.
//
// No library: the audited ones weigh half of what the whole page may. The tests hold this file against one of them.
"use strict";
(function (canary) {
  const P = 0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaabn;
  const X = 0xd201000000010000n; // the curve's parameter is -X
  const BETA = 0x5f19672fdf76ce51ba69c6076a0f77eaddb3a93be6f89688de17d813620a00022e01fffffffefffen; // a cube root of 1
  const DOMAIN = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";

  const mod = (a) => ((a %= P) < 0n ? a + P : a);
  // Four bits at a time.
  function power(base, exponent) {
    const powers = [1n];
    for (let i = 1; i < 16; i++) powers.push((powers[i - 1] * base) % P);
    let out = 1n;
    for (const digit of exponent.toString(16)) {
      for (let i = 0; i < 4; i++) out = (out * out) % P;
      if (digit !== "0") out = (out * powers[parseInt(digit, 16)]) % P;
    }
    return out;
  }
  // Euclid's; 0 for 0.
  function inverse(a) {
    let [r, s, u, v] = [P, mod(a), 0n, 1n];
    while (s) [r, s, u, v] = [s, r % s, v, u - (r / s) * v];
    return mod(u) * (a ? 1n : 0n);
  }
  // A root of a square; of anything else it is none, and the caller looks.
  const root = (a) => power(a, (P + 1n) / 4n);
  const toNumber = (bytes) => BigInt("0x" + (canary.hex(bytes) || "0"));
  // Constants in base64, 48 bytes each.
  const numbers = (text) => text.match(/.{64}/g).map((part) => toNumber(canary.unbase64(part)));

  // --- G1: y² = x³ + 4 as [X, Y, Z], x = X/Z, by formulas without exceptions (Renes, Costello, Batina, 2016) ---

  const ZERO = [0n, 1n, 0n];
  function add([x1, y1, z1], [x2, y2, z2]) {
    const [a, b, c] = [x1 * x2, y1 * y2, 12n * mod(z1 * z2)];
    const d = mod((x1 + y1) * (x2 + y2) - a - b);
    const e = mod((y1 + z1) * (y2 + z2) - b - z1 * z2);
    const f = 12n * mod((x1 + z1) * (x2 + z2) - a - z1 * z2);
    const [g, h, i] = [mod(b + c), mod(b - c), mod(3n * a)];
    return [mod(d * h - e * f), mod(h * g + i * f), mod(g * e + i * d)];
  }
  function double([x, y, z]) {
    const [a, b] = [mod(y * y), 12n * mod(z * z)];
    const c = a - 3n * b;
    return [mod(2n * c * mod(x * y)), mod(8n * a * b + c * (a + b)), mod(8n * a * mod(y * z))];
  }
  function times(point, scalar) {
    let out = ZERO;
    for (const bit of scalar.toString(2)) {
      out = double(out);
      if (bit === "1") out = add(out, point);
    }
    return out;
  }
  const sameY = ([, y1, z1], [, y2, z2]) => mod(y1 * z2 - y2 * z1) === 0n;
  const samePoint = (p, q) => sameY(p, q) && mod(p[0] * q[2] - q[0] * p[2]) === 0n;
  const negative = ([x, y, z]) => [x, P - y, z];
  function affine([x, y, z]) {
    const i = inverse(z);
    return [mod(x * i), mod(y * i)];
  }

  // A compressed point of the prime-order group other than the identity, or null.
  function parsePoint(bytes) {
    if (bytes.length !== 48 || bytes[0] >> 6 !== 2) return null; // compressed, and not infinity
    const x = toNumber(bytes) & ((1n << 381n) - 1n);
    if (x >= P) return null;
    const square = mod(x * x * x + 4n);
    let y = root(square);
    if (mod(y * y) !== square) return null;
    if (y > P / 2n !== Boolean(bytes[0] & 0x20)) y = P - y;
    const point = [x, y, 1n];
    // Scott, "A note on group membership tests" (2021): the endomorphism multiplies by -X² exactly within the group.
    return samePoint([mod(BETA * x), y, 1n], negative(times(times(point, X), X))) ? point : null;
  }

  // --- Hashing to G1 (RFC 9380 sections 5.3.1, 6.6.2 and 6.6.3, suite of section 8.8.1) -------------------------

  const A = 0x144698a3b8e9433d693a02c96d4982b0ea985383ee66a8d8e8981aefd881ac98936f8da0e0f97f5cf428082d584c1dn;
  const B = 0x12e2908d11688030018b12e8753eee3b2016c1f0f24f4070a0b9c14fcef35ef55a23215a316ceaa5d1cc48e98e172be0n;
  // The isogeny of degree 11 is x → N/D², y → y·C·(N'D - 2ND')/D³: appendix E.2 with its polynomials taken apart.
  const N = numbers("EaBfKx6DM0C4CRAd2ZgVhWswPoii1wBf8mJ7Vs204shWEMLV8uYtbq6sFmJzRkm3FylO0+lDqy8FiLqyIUeoHHwX51svaoQX9WXjPHDR6GtIOPKm8xjDVug07vGzy4O7DVQAXbl2eOwdEEjF0QqaG84DJHMpWYPlaHjlAexo4lyVjD49Kglyn+AXn52sntywF3jnFm/MbbdOBgnTB+VUEtf15GVqjb8l8bMyifGzMINTNuJc4xBxk8WziGQdm2hhDplyajGZ9ENmQrSz5BGOVJnbmVoSV/s/CG7rZZgvrBiYWihvMB53xFEVTOmsiJXZFjDDJQ1zE/8B0SAb96dKtds8sX3ZUnmbntOrkJfmj5Cghw0tyuc9Gc0TwcZvZSmDDW7WVT/kTSlqNybDiuZSv7EVhiZPD4zhkAjiGPnIayqNolEowQUuyt3X8iWhOe2EF7gedwGr2+LodDiE0RF+UzVt5asnW02xpoLGLvDydTM5t8j4yPR1r5zLVhjj8MiOCA088fmnj8R7kLM1Y76ZDcQ7dWznn1V0osWWySjF0d5PopXylrdOlW1xmGqEl+MXFpsfjhvPp8QuDDdRXROPIt0uy4A6DFyZZ2MUuvS7G3+jGQsu3AMneX8kEGe+OQyeEDIdoHnOB+Jy2OwJ0lZbDfp9zN3meH+W1QrzYAOxSGb2m3cfjChd7Mpn3z8WBft7BuCMJI4mDnC9HpYjge3uPTHXnX4iyDe8I8C/G8JMa2jCSxuAtk05H6nIui6LotIp");
  const D = [...numbers("EzNB+wlio0ywUEqcT62gpQkNOGebTAQNXRw6+wI6NAn8wIFf6mbYsCu++ci1pm4HAmSQivA3vO3gDQVM9dR3XoPrbPY8drlp+O0XT7Wfz/eNIB9G9s/E7WVS5ZznUXewEzXFAsH1TEms7qZeh/1yA7oPYm8wX8DP1gal2unzyOgaSztpYAEp+r0wfGm/MZ05CURA9l9Aim6TDhbj6S3Re/YNbpZ5qNPVhZPeVawjcDBC1glTfrNUmqwjTYlsqClEBK/gnVz0lWojtrcfWdKzQHtBWndLe+gbu2+pnLx5jgrJi6clpbwygBaxwmi0dm6F"), 1n];
  const C = 0x17a3e1bda8a2d1a38a19241a0ea1e2f25b552d6197903f96bae690ef6be6b1381be22e8a72a9745cd7a1ffffffffb26dn;
  const slope = (polynomial) => polynomial.slice(1).map((c, i) => c * BigInt(i + 1));
  const [N1, D1] = [slope(N), slope(D)];
  const at = (polynomial, x) => polynomial.reduceRight((sum, c) => (sum * x + c) % P, 0n);

  const RATIO = mod(-B * inverse(A));
  const TURN = root(P - 1331n); // 11³ is no square, and neither is -1

  function mapToCurve(u) {
    const square = mod(11n * u * u);
    const t = mod(square * square + square);
    let x = t ? mod(RATIO * (1n + inverse(t))) : mod(B * inverse(11n * A));
    const g = mod(x * x * x + A * x + B);
    let y = root(g);
    if (mod(y * y) !== g) {
      // Then y² is -g, and (11u²)³·g is the square of the other x.
      x = mod(square * x);
      y = mod(mod(u * u * u) * TURN * y);
    }
    if ((u & 1n) !== (y & 1n)) y = P - y;
    const [n, d] = [at(N, x), at(D, x)];
    const d3 = mod(d * d * d);
    return [mod(n * d), mod(y * C * mod(at(N1, x) * d - 2n * n * at(D1, x))), d3];
  }

  async function expand(message) {
    const suffix = canary.concat(canary.bytesOf(DOMAIN), new Uint8Array([DOMAIN.length]));
    const start = await canary.digest(canary.concat(new Uint8Array(64), message, new Uint8Array([0, 128, 0]), suffix));
    const blocks = [];
    for (let i = 1; i <= 4; i++) {
      const before = blocks.at(-1) ?? new Uint8Array(32);
      blocks.push(await canary.digest(canary.concat(start.map((byte, j) => byte ^ before[j]), new Uint8Array([i]), suffix)));
    }
    return canary.concat(...blocks);
  }

  async function hashToCurve(message) {
    const bytes = await expand(message);
    return add(mapToCurve(mod(toNumber(bytes.subarray(0, 64)))), mapToCurve(mod(toNumber(bytes.subarray(64)))));
  }
  // Into the group. It is linear: a sum is taken there once.
  const intoGroup = (point) => add(times(point, X), point);
  const hashToPoint = async (message) => intoGroup(await hashToCurve(message));

  // --- The pairing, of which one side is always one of two known points -----------------------------------------

  // Fp2: [a, b] is a + b·i, i² = -1.
  const add2 = (a, b) => [a[0] + b[0], a[1] + b[1]];
  const sub2 = (a, b) => [a[0] - b[0], a[1] - b[1]];
  const mul2 = (a, b) => [(a[0] * b[0] - a[1] * b[1]) % P, (a[0] * b[1] + a[1] * b[0]) % P];
  const scale = (a, n) => [(a[0] * n) % P, (a[1] * n) % P];
  const twist = (a) => [a[0] - a[1], a[0] + a[1]]; // times 1 + i
  function invert2([a, b]) {
    const n = inverse(a * a + b * b);
    return [(a * n) % P, (-b * n) % P];
  }

  // Fp12: six numbers of Fp2, the coefficients of 1, w … w⁵; w⁶ = 1 + i. Null is zero.
  function mul12(f, g) {
    const out = Array.from({ length: 11 }, () => [0n, 0n]);
    f.forEach((a, i) => a && g.forEach((b, j) => {
      if (!b) return;
      out[i + j][0] += a[0] * b[0] - a[1] * b[1];
      out[i + j][1] += a[0] * b[1] + a[1] * b[0];
    }));
    return out.slice(0, 6).map((low, i) => (out[i + 6] ? add2(low, twist(out[i + 6])) : low).map((n) => n % P));
  }
  const conjugate = (f) => f.map((a, i) => (i % 2 ? [-a[0], -a[1]] : a));
  function invert12(f) {
    const bar = conjugate(f);
    const [a, , b, , c] = mul12(f, bar);
    const r = sub2(mul2(a, a), twist(mul2(b, c)));
    const s = sub2(twist(mul2(c, c)), mul2(a, b));
    const t = sub2(mul2(b, b), mul2(a, c));
    const n = invert2(add2(mul2(a, r), twist(add2(mul2(c, s), mul2(b, t)))));
    return mul12(bar, [mul2(r, n), null, mul2(s, n), null, mul2(t, n), null]);
  }
  const ROTATIONS = [[1n, 0n]];
  function frobenius(f) {
    if (ROTATIONS.length === 1) {
      let step = [1n, 0n]; // (1 + i) to the (p - 1)/6
      for (const bit of ((P - 1n) / 6n).toString(2)) step = bit === "1" ? twist(mul2(step, step)) : mul2(step, step);
      for (let i = 1; i < 6; i++) ROTATIONS.push(mul2(ROTATIONS[i - 1], step));
    }
    return f.map(([a, b], i) => mul2([a, -b], ROTATIONS[i]));
  }
  // To the -X: after the easy part the conjugate is the inverse.
  function toX(f) {
    let out = f;
    for (const bit of X.toString(2).slice(1)) {
      out = mul12(out, out);
      if (bit === "1") out = mul12(out, f);
    }
    return conjugate(out);
  }
  // f to the 3(p¹² - 1)/r is 1? Hard part: (x - 1)²(x + p)(x² + p² - 1) + 3 (Hayashida, Hayasaka, Teruya, 2020).
  function isOne(f) {
    let g = mul12(conjugate(f), invert12(f));
    g = mul12(frobenius(frobenius(g)), g);
    const less = (a) => mul12(toX(a), conjugate(a));
    let h = less(less(g));
    h = mul12(toX(h), frobenius(h));
    h = mul12(mul12(toX(toX(h)), frobenius(frobenius(h))), conjugate(h));
    return mul12(h, mul12(g, mul12(g, g))).every(([a, b], i) => mod(a) === (i ? 0n : 1n) && mod(b) === 0n);
  }

  // The lines of Miller's loop for a point of the twist, the same for every signature.
  function lines([a, b, c, d]) {
    const q = [[a, b], [c, d]];
    let t = q;
    const out = [];
    const step = (m, other) => {
      out.push([m, sub2(mul2(m, t[0]), t[1])]);
      const x = sub2(sub2(mul2(m, m), t[0]), other[0]);
      t = [x, sub2(mul2(m, sub2(t[0], x)), t[1])].map((n) => n.map(mod));
    };
    for (const bit of X.toString(2).slice(1)) {
      step(mul2(scale(mul2(t[0], t[0]), 3n), invert2(scale(t[1], 2n))), t);
      if (bit === "1") step(mul2(sub2(t[1], q[1]), invert2(sub2(t[0], q[0]))), q);
    }
    return out;
  }
  const GENERATOR = "AkqisvCPCpEmCAUnLcUQUcbketT6QDsCtFELZHrj0XcLrAMmqAW779SAVsjBIb24E+ArYFJxn2B9rNOgiCdPZVlr0NCZILYatdphu9x/UEkzTPESE5RdV+WsfQVdBCt+DOXVJ3J9bhGMyc3G2i41Gq39m6qMvdOnbUKaaVFg0SySOsnMO6yiieGTVIYIuCgBBgbEoC6nNMwyrNKwK8KLmcs+KH6Fp2OvJnSSq1cumas/Nw0nXOwdoaqpB1/wX3m+";
  const KEY = "DR/sdYySHMIrDhfmOq9Ly17WYwTenPgJvSdMpzurSvWm6cdqS8CeduromR717ORaA88PKJat7n64tfAfytORIhLEN+AHPpEfuQAi0+dgGDyMS0ULagpsOsald2otEGRRDl2ytr+7AchndJyt/8qIs2wk8wEroJ/E0wIsXDfc4Pl306210YPHR3xEKx8EUVJzAacU8u23QRmi8rDVp8dbqQLRY3AKYbwiTt7djmOu974ar46T16lxiwR8zds+tdaL";
  const prepared = new Map();
  function linesOf(text) {
    if (!prepared.has(text)) prepared.set(text, lines(numbers(text)));
    return prepared.get(text);
  }

  // e(signature, generator) = e(hash, key)?
  function pairs(signature, hash, key) {
    if (hash[2] === 0n || signature[2] === 0n) return false;
    const sides = [GENERATOR, key].map(linesOf);
    const points = [affine(negative(signature)), affine(hash)];
    const line = (i, place) => {
      const [m, rest] = sides[i][place];
      const [x, y] = points[i];
      return [rest, null, scale(m, -x), [y, 0n], null, null];
    };
    let f = [[1n, 0n], null, null, null, null, null];
    let place = 0;
    const multiply = () => {
      for (const i of [0, 1]) f = mul12(f, line(i, place));
      place++;
    };
    for (const bit of X.toString(2).slice(1)) {
      f = mul12(f, f);
      multiply();
      if (bit === "1") multiply();
    }
    return isOne(f);
  }

  // --- Many beacons at once (format.md section 12) ----------------------------------------------------------------

  // Σ weight·point, four bits of all weights at a time: points with the same four go into one bucket.
  function sum(points, weights) {
    const digits = weights.map((weight) => weight.toString(16).padStart(40, "0"));
    let out = ZERO;
    for (let place = 0; place < 40; place++) {
      for (let i = 0; i < 4; i++) out = double(out);
      const buckets = Array(16).fill(ZERO);
      points.forEach((point, i) => {
        const digit = parseInt(digits[i][place], 16);
        if (digit) buckets[digit] = add(buckets[digit], point);
      });
      for (let i = 15, run = ZERO; i; i--) {
        if (buckets[i] !== ZERO) run = add(run, buckets[i]);
        if (run !== ZERO) out = add(out, run);
      }
    }
    return out;
  }

  // A set that fails is halved until each that fails stands alone.
  function check(pieces, key, out) {
    const [points, hashes, weights] = ["point", "hash", "weight"].map((name) => pieces.map((piece) => piece[name]));
    const holds = pieces.length === 1 ? pairs(points[0], intoGroup(hashes[0]), key) : pairs(sum(points, weights), intoGroup(sum(hashes, weights)), key);
    if (holds || pieces.length === 1) return pieces.forEach(({ index }) => (out[index] = holds));
    const half = pieces.length >> 1;
    check(pieces.slice(0, half), key, out);
    check(pieces.slice(half), key, out);
  }

  const bigEndian = (n, length) => Uint8Array.from(n.toString(16).padStart(2 * length, "0").match(/../g), (byte) => parseInt(byte, 16));

  // Whether each of `{round, signature}` (a number and bytes) is quicknet's, or another key's: x and y, in base64.
  // `progress(done)` is told now and then, and whoever draws the page gets a turn.
  async function verifyBeacons(beacons, key = KEY, progress = canary.beacon.progress) {
    const out = beacons.map(() => false);
    const pieces = [];
    for (const [index, { round, signature }] of beacons.entries()) {
      if (progress && index % 8 === 7) {
        progress(index, beacons.length);
        await new Promise((go) => setTimeout(go));
      }
      const point = parsePoint(signature);
      if (!point || round < 1) continue;
      pieces.push({ index, point, hash: await hashToCurve(await canary.digest(bigEndian(round, 8))) });
    }
    let seed = canary.bytesOf(key);
    for (const { round, signature } of beacons) seed = await canary.digest(canary.concat(seed, bigEndian(round, 8), signature));
    for (const piece of pieces) piece.weight = toNumber((await canary.digest(canary.concat(seed, bigEndian(piece.index, 8)))).subarray(0, 20));
    if (pieces.length) check(pieces, key, out);
    return out;
  }

  canary.beacon = { progress: null, verifyBeacons, hashToPoint, parsePoint, affine };
})((globalThis.warrantCanary ??= {}));
