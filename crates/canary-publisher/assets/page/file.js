// One file instead of a site: an envelope, or a C2SP tlog-proof that carries one (format.md section 8).
"use strict";
(function (canary) {
  // RFC 9162 section 2.1.3.2.
  async function inclusionRoot(leaf, index, size, path) {
    let [fn, sn, node] = [index, size - 1, leaf];
    for (const sibling of path) {
      if (sn === 0) return null;
      if (fn % 2 === 1 || fn === sn) {
        node = await canary.nodeHash(sibling, node);
        while (fn % 2 === 0 && fn !== 0) [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
      } else node = await canary.nodeHash(node, sibling);
      [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
    }
    return sn === 0 ? node : null;
  }

  // A C2SP tlog-proof: the envelope (its `extra`), where it stands, and the checkpoint.
  function parseProof(bytes) {
    if (bytes.length > 2 * canary.LIMITS.envelope + canary.LIMITS.checkpoint) throw new canary.Fault("TOO_LARGE", "proof too large");
    const text = canary.textOf(bytes, "proof");
    const split = text.indexOf("\n\n");
    canary.require(split >= 0, "no checkpoint", "proof");
    const lines = text.slice(0, split).split("\n");
    canary.require(lines.shift() === "c2sp.org/tlog-proof@v1", "not a tlog-proof", "proof");
    let envelope = null;
    if (lines[0]?.startsWith("extra ")) envelope = canary.unbase64(lines.shift().slice(6), "proof extra");
    const index = /^index (0|[1-9][0-9]{0,18})$/.exec(lines.shift() ?? "");
    canary.require(index, "no index", "proof");
    canary.require(lines.length <= 64, "path too long", "proof");
    const path = lines.map((line) => {
      const hash = canary.unbase64(line, "proof path");
      canary.require(hash.length === 32, "hash not 32 bytes", "proof path");
      return hash;
    });
    return { envelope, index: Number(index[1]), path, checkpoint: canary.bytesOf(text.slice(split + 2)) };
  }

  // A bare envelope, a tlog-proof or a .canary file: a series of which one leaf is at hand.
  async function judgeFile(report, engine, bytes) {
    const head = new TextDecoder().decode(bytes.subarray(0, 32));
    if (!head.startsWith("c2sp.org/tlog-proof@v1")) {
      const { issue } = await canary.parseEnvelope(bytes);
      return canary.judgeIssues(report, engine, [bytes], issue.number - 1, null);
    }
    const proof = parseProof(bytes);
    canary.require(proof.envelope, "no envelope in it", "proof");
    const checkpoint = canary.parseCheckpoint(proof.checkpoint);
    report.step("checkpoint", "holds", { origin: checkpoint.origin, size: checkpoint.size });
    const root = await inclusionRoot(await canary.leafHash(proof.envelope), proof.index, checkpoint.size, proof.path);
    const holds = proof.index < checkpoint.size && root !== null && canary.equal(root, checkpoint.root);
    if (!holds) report.find("LOG_INCONSISTENT", "alarm");
    report.step("tree", holds ? "holds" : "fails", { size: checkpoint.size, root: canary.base64(checkpoint.root) });
    return canary.judgeIssues(report, engine, [proof.envelope], proof.index, checkpoint);
  }

  canary.judgeFile = judgeFile;
})((globalThis.warrantCanary ??= {}));
