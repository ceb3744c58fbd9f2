// One file instead of a site: an envelope, or C2SP tlog-proofs that carry them (format.md section 8).
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

  const HEADER = "c2sp.org/tlog-proof@v1";

  // A C2SP tlog-proof: the envelope (its `extra`), where it stands, and the checkpoint.
  function parseProof(text) {
    if (text.length > 2 * canary.LIMITS.envelope + canary.LIMITS.checkpoint) throw new canary.Fault("TOO_LARGE", "proof too large");
    const split = text.indexOf("\n\n");
    canary.require(split >= 0, "no checkpoint", "proof");
    const lines = text.slice(0, split).split("\n");
    canary.require(lines.shift() === HEADER, "not a tlog-proof", "proof");
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
    canary.require(envelope, "no envelope in it", "proof");
    return { envelope, index: Number(index[1]), path, checkpoint: text.slice(split + 2) };
  }

  // One or more proofs, the newest issue's first (format.md section 8.1). One begins where its header follows a
  // signature line: a checkpoint follows an empty line, so that no origin is taken for a header.
  function parseProofs(bytes) {
    if (bytes.length > canary.LIMITS.total) throw new canary.Fault("TOO_LARGE", `more than ${canary.LIMITS.total} bytes`);
    const text = canary.textOf(bytes, "proof");
    const proofs = [];
    let begin = 0;
    for (let from = 0; begin < text.length; ) {
      const found = text.indexOf(`\n${HEADER}\n`, from);
      from = found + 1;
      if (found > 0 && text[found - 1] === "\n") continue; // after an empty line
      const proof = parseProof(text.slice(begin, found < 0 ? undefined : from));
      const newer = proofs.at(-1);
      canary.require(!newer || newer.checkpoint === proof.checkpoint, "another checkpoint", `proof ${proofs.length + 1}`);
      canary.require(!newer || newer.index - 1 === proof.index, "not of the issue before", `proof ${proofs.length + 1}`);
      proofs.push(proof);
      if (found < 0) break;
      begin = from;
    }
    return proofs.reverse();
  }

  // A bare envelope, or a .canary file: a series of which the newest leaves are at hand.
  async function judgeFile(report, engine, bytes) {
    const head = new TextDecoder().decode(bytes.subarray(0, 32));
    if (!head.startsWith(HEADER)) {
      const { issue } = await canary.parseEnvelope(bytes);
      return canary.judgeIssues(report, engine, [bytes], issue.number - 1, null);
    }
    const proofs = parseProofs(bytes);
    const checkpoint = canary.parseCheckpoint(canary.bytesOf(proofs[0].checkpoint));
    report.step("checkpoint", "holds", { origin: checkpoint.origin, size: checkpoint.size });
    let holds = true;
    for (const { envelope, index, path } of proofs) {
      const root = await inclusionRoot(await canary.leafHash(envelope), index, checkpoint.size, path);
      if (index >= checkpoint.size || root === null || !canary.equal(root, checkpoint.root)) holds = false;
    }
    if (!holds) report.find("LOG_INCONSISTENT", "alarm");
    const newest = proofs.at(-1).index + 1;
    if (newest < checkpoint.size) report.find("ROLLBACK", "alarm", { issue: newest });
    report.step("tree", holds ? "holds" : "fails", { size: checkpoint.size, root: canary.base64(checkpoint.root) });
    return canary.judgeIssues(report, engine, proofs.map(({ envelope }) => envelope), proofs[0].index, checkpoint);
  }

  canary.judgeFile = judgeFile;
})((globalThis.warrantCanary ??= {}));
