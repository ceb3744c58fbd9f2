// verifier.html: what a reader keeps. It takes a file, a folder or both by drop or by choice, and a pin,
// and asks nothing of the publisher's host: its security policy forbids every connection.
"use strict";
(function (canary) {
  const { el, say } = canary;
  const $ = (id) => document.getElementById(id);
  const ENTRIES = 100000; // more files than the largest site has
  let evidence = null;
  let language = canary.uiLanguage((navigator.languages ?? ["en"])[0] ?? "en");
  let last = null;

  // --- What was given -----------------------------------------------------------------------------

  const bytesOf = async (file, limit) => {
    if (file.size > limit) throw new canary.Fault("TOO_LARGE", `${file.name}: more than ${limit} bytes`);
    return new Uint8Array(await file.arrayBuffer());
  };

  // Files by their path below the folder that holds `checkpoint` (the outermost one, where there are several).
  function siteOf(files) {
    const found = [...files.keys()].filter((path) => /(^|\/)checkpoint$/.test(path)).sort((a, b) => a.split("/").length - b.split("/").length)[0];
    if (found === undefined) return null;
    const prefix = found.slice(0, -"checkpoint".length);
    return {
      read: async (path) => {
        const file = files.get(prefix + path);
        if (!file) return null;
        return bytesOf(file, path.startsWith("tile/") ? 256 * (canary.LIMITS.envelope + 2) : canary.LIMITS.checkpoint);
      },
    };
  }

  async function accept(files) {
    const site = siteOf(files);
    if (site) return { ...site, name: "checkpoint" };
    const wanted = [...files.keys()].filter((path) => /\.(json|canary|tlog-proof)$/.test(path));
    const path = wanted.find((name) => /\.(canary|tlog-proof)$/.test(name)) ?? wanted[0];
    if (path === undefined) return null;
    return { bytes: await bytesOf(files.get(path), canary.LIMITS.total), name: path };
  }

  // Every file below a dropped folder. `readEntries` gives them in portions.
  async function walk(entry, into) {
    if (into.size > ENTRIES) return;
    if (entry.isFile) {
      into.set(entry.fullPath.replace(/^\//, ""), await new Promise((done, fail) => entry.file(done, fail)));
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      const portion = await new Promise((done, fail) => reader.readEntries(done, fail));
      if (!portion.length) return;
      for (const child of portion) await walk(child, into);
    }
  }

  async function give(files) {
    try {
      evidence = await accept(files);
      if (evidence) return await check();
      canary.note($("report"), language, "no_site");
    } catch (error) {
      canary.note($("report"), language, "f_UNREACHABLE", { detail: error.message });
    }
    $("issue").replaceChildren();
  }

  const fromList = (list) => new Map([...list].slice(0, ENTRIES).map((file) => [file.webkitRelativePath || file.name, file]));

  async function dropped(event) {
    event.preventDefault();
    $("drop").classList.remove("over");
    canary.note($("report"), language, "drop_reading");
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const files = new Map();
    for (const entry of entries) await walk(entry, files);
    await give(files.size ? files : fromList(event.dataTransfer.files));
  }

  // --- The outcome --------------------------------------------------------------------------------

  async function check() {
    const out = $("report");
    delete out.dataset.ready;
    if (!evidence) return;
    const pin = $("pin").value.trim() || null;
    if (pin !== null && !canary.parsePin(pin)) return canary.note(out, language, "not_a_pin");
    const wanted = $("at").value.trim();
    const at = wanted === "" ? Math.floor(Date.now() / 1000) : canary.instant(wanted);
    if (at === null) return canary.note(out, language, "bad_time");
    canary.note(out, language, "checking");
    canary.beacon.progress = (done, count) => canary.note(out, language, "checking_beacons", { done, count });
    if (!globalThis.crypto?.subtle) return canary.note(out, language, "no_crypto");
    const engine = await canary.ed25519.chooseEngine();
    if (!engine) return canary.note(out, language, "no_engine");
    const begun = performance.now();
    const report = await canary.judge(evidence, { pin, at, engine });
    report.steps.unshift({ id: "engine", result: "holds", values: { engine: engine.name } });
    last = { report, ms: Math.round(performance.now() - begun) };
    show();
    out.dataset.ready = "true"; // for whoever waits for the outcome
  }

  function show() {
    for (const node of document.querySelectorAll("[data-l]")) node.hidden = node.dataset.l !== language;
    document.documentElement.lang = language;
    for (const button of $("languages").querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.value === language));
    if (!last) return;
    const { report, ms } = last;
    const timing = say(language, "checked_in", { count: report.log?.size ?? 1, ms });
    canary.showReport($("report"), report, language, { source: evidence.name, timing, limits: true });
    $("details").textContent = JSON.stringify({ ...report, newest: undefined }, null, 1);
    $("json").hidden = false;
    if (report.newest) canary.showIssue($("issue"), report.newest, report.affirmed_by, language);
    else $("issue").replaceChildren();
  }

  for (const [tag, label] of [["en", "English"], ["zh-Hans", "简体中文"]]) {
    const button = el("button", { type: "button", value: tag, lang: tag }, label);
    button.addEventListener("click", () => {
      language = tag;
      show();
    });
    $("languages").append(button);
  }
  $("folder").webkitdirectory = true; // no attribute of the standard
  for (const id of ["file", "folder"]) $(id).addEventListener("change", (event) => give(fromList(event.target.files)));
  $("drop").addEventListener("dragover", (event) => {
    event.preventDefault();
    $("drop").classList.add("over");
  });
  $("drop").addEventListener("dragleave", () => $("drop").classList.remove("over"));
  $("drop").addEventListener("drop", dropped);
  $("form").addEventListener("submit", (event) => {
    event.preventDefault();
    check();
  });
  show();
  document.documentElement.dataset.started = "true";
})((globalThis.warrantCanary ??= {}));
