// index.html comes complete from the signed bytes. This adds what only the reader's browser knows: the
// time zone, the clock, the language wanted, and the outcome of checking the site.
"use strict";
(function (canary) {
  const { el, say } = canary;
  const $ = (id) => document.getElementById(id);
  const publisherLanguages = JSON.parse($("page-data").textContent).languages;
  const uiLanguages = [...new Set(publisherLanguages.map(canary.uiLanguage))];
  let language = uiLanguages[0];
  let shown = null; // the last report and what was said with it

  // --- Language, time zone, clock -----------------------------------------------------------------

  function choose(tag) {
    for (const node of document.querySelectorAll("[data-l]")) {
      node.hidden = tag !== null && !node.dataset.l.split(" ").includes(tag);
    }
    document.documentElement.classList.toggle("one", tag !== null);
    language = canary.uiLanguage(tag ?? publisherLanguages[0]);
    for (const button of $("languages").querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.value === (tag ?? "")));
    tellTime();
    if (shown) show();
  }

  function show() {
    canary.showReport($("report"), shown.report, language, shown.extra());
    $("outcome").dataset.tone = { alive: "ok", attention: "warn", alarm: "alarm" }[shown.report.severity] ?? "";
    // Where a check did not hold, what the page says of its dates is no good news either.
    if (shown.report.severity === "alarm" && $("now").dataset.tone === "ok") delete $("now").dataset.tone;
    $("outcome").replaceChildren(el("a", { href: "#check", lang: language, dir: "ltr" }, say(language, "outcome"), " ", canary.summary(shown.report, language)));
  }

  function languageButtons() {
    if (publisherLanguages.length < 2) return;
    const name = (tag) => {
      try {
        return new Intl.DisplayNames([tag], { type: "language" }).of(tag);
      } catch {
        return tag;
      }
    };
    const button = (tag, label) => {
      const node = el("button", { type: "button", value: tag ?? "", lang: tag ?? language }, label);
      node.addEventListener("click", () => choose(tag));
      return node;
    };
    $("languages").setAttribute("aria-label", say(language, "language"));
    $("languages").append(button(null, say(language, "all_languages")), ...publisherLanguages.map((tag) => button(tag, name(tag))));
    $("languages").hidden = false;
  }

  // The publisher's language that the reader asks for first, or all of them.
  function wanted() {
    if (publisherLanguages.length < 2) return null;
    for (const tag of navigator.languages ?? []) {
      const base = tag.split("-")[0].toLowerCase();
      const found = publisherLanguages.find((own) => own === tag) ?? publisherLanguages.find((own) => own.split("-")[0].toLowerCase() === base);
      if (found) return found;
    }
    return null;
  }

  function tellTime() {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
    for (const node of document.querySelectorAll("[data-local]")) {
      node.replaceChildren(el("span", { lang: language, dir: "ltr" }, `${canary.local(node.dataset.local, language)} (${zone})`));
    }
    const regions = new Intl.DisplayNames([language], { type: "region", fallback: "none" });
    for (const node of document.querySelectorAll("[data-region]")) {
      const { region } = node.dataset;
      node.replaceChildren(el("span", { lang: language }, `(${[region, regions.of(region)].filter(Boolean).join(", ")})`));
    }
    const { dates } = JSON.parse($("page-data").textContent);
    const now = Date.now() / 1000;
    const [due, expires] = [canary.instant(dates.next_due), canary.instant(dates.expires)];
    const [key, instant] = now <= due ? ["now_before", due] : now <= expires ? ["now_after", due] : ["now_expired", expires];
    $("now").dataset.tone = { now_before: "ok", now_after: "warn", now_expired: "alarm" }[key];
    canary.note($("now"), language, key, { relative: canary.relative(instant - now, language) });
  }

  // --- Evidence: the site itself where the browser may read it, else the copy inside the page -------

  async function bounded(response, limit) {
    const reader = response.body.getReader();
    const parts = [];
    for (let total = 0; ; ) {
      const { done, value } = await reader.read();
      if (done) return canary.concat(...parts);
      total += value.length;
      if (total > limit) {
        await reader.cancel();
        throw new canary.Fault("TOO_LARGE", `more than ${limit} bytes`);
      }
      parts.push(value);
    }
  }

  const limitOf = (path) =>
    path === "checkpoint" ? canary.LIMITS.checkpoint : path.startsWith("tile/") ? 256 * (canary.LIMITS.envelope + 2) : canary.LIMITS.envelope;

  function readSite() {
    const signal = AbortSignal.timeout(60000); // one deadline for the whole
    return async (path) => {
      let response;
      try {
        response = await fetch(new URL(path, document.baseURI), { signal, cache: path === "checkpoint" ? "no-store" : "default" });
        if (response.status === 404 || response.status === 410) return null;
        if (response.status !== 200) throw new canary.Unreachable(`${path}: ${response.status}`);
        return await bounded(response, limitOf(path));
      } catch (error) {
        if (error instanceof canary.Fault || error instanceof canary.Unreachable) throw error;
        throw new canary.Unreachable(path);
      }
    };
  }

  function readCopy() {
    const copy = JSON.parse($("evidence").textContent);
    return async (path) => {
      if (path === "checkpoint") return canary.bytesOf(copy.checkpoint);
      const number = /^issues\/(\d+)\.json$/.exec(path)?.[1];
      const leaf = number ? copy.leaves[Number(number) - 1] : undefined;
      return leaf === undefined ? null : canary.bytesOf(leaf);
    };
  }

  // --- Checking -------------------------------------------------------------------------------------

  // Do the words on the page match the issue that was verified? A page may be older than its site, or altered.
  function compareWords(report) {
    const issue = report.newest;
    const data = JSON.parse($("page-data").textContent);
    if (!issue) return;
    if (issue.number !== data.number) return report.steps.push({ id: "copy", result: "fails", values: { page: data.number, newest: issue.number } });
    const words = [...document.querySelectorAll("[data-fact]")];
    const holds =
      words.length === issue.facts.length * publisherLanguages.length &&
      words.every((node) => issue.facts.find((fact) => fact.id === node.dataset.fact)?.text[node.lang] === node.textContent) &&
      ["as_of", "next_due", "expires"].every((name) => document.querySelector(`time[data-date="${name}"]`)?.dateTime === issue[name]);
    report.steps.push({ id: "words", result: holds ? "holds" : "fails", values: {} });
  }

  async function check() {
    const pinText = $("pin").value.trim();
    const pin = pinText === "" ? null : pinText;
    const out = $("report");
    // What an earlier check said does not stand while this one goes on.
    shown = null;
    delete out.dataset.ready;
    delete $("outcome").dataset.tone;
    $("outcome").replaceChildren();
    if (pin !== null && !canary.parsePin(pin)) return canary.note(out, language, "not_a_pin");
    canary.note(out, language, "checking");
    canary.beacon.progress = (done, count) => canary.note(out, language, "checking_beacons", { done, count });
    if (!globalThis.crypto?.subtle) return canary.note(out, language, "no_crypto");
    const engine = await canary.ed25519.chooseEngine();
    if (!engine) return canary.note(out, language, "no_engine");
    const begun = performance.now();
    const at = Math.floor(Date.now() / 1000);
    let source = "source_copy";
    let report = null;
    if (location.protocol !== "file:") {
      source = "source_site";
      report = await canary.judge({ read: readSite() }, { pin, at, engine });
    } else if (JSON.parse($("evidence").textContent).leaves.length) {
      report = await canary.judge({ read: readCopy() }, { pin, at, engine });
    } else return canary.note(out, language, "no_copy");
    const ms = Math.round(performance.now() - begun);
    report.steps.unshift({ id: "engine", result: "holds", values: { engine: engine.name } });
    compareWords(report);
    const extra = () => ({
      source: say(language, source, { time: canary.local(report.log?.heartbeat_at ?? report.issue?.as_of, language) }),
      timing: say(language, "checked_in", { count: report.log?.size ?? 0, ms, time: canary.local(at * 1000, language) }),
    });
    shown = { report, extra };
    show();
    out.dataset.ready = "true"; // for whoever waits for the outcome
  }

  function copyButtons() {
    if (!navigator.clipboard) return;
    for (const node of document.querySelectorAll("[data-copy]")) {
      const button = el("button", { type: "button", class: "copy", lang: language }, say(language, "copy"));
      button.addEventListener("click", async () => {
        try {
          await navigator.clipboard.writeText(node.textContent);
          button.textContent = say(language, "copied");
        } catch {
          getSelection().selectAllChildren(node); // the reader copies by hand
        }
      });
      node.after(button);
    }
  }

  // A pin opened as an address brings its own fragment: `…/canary/#1:sha256:…`.
  function pinFromAddress() {
    const fragment = decodeURIComponent(location.hash.slice(1));
    if (!canary.parsePin(fragment)) return;
    // A pin names the place on the web; a page opened as a file knows the number and the digest only.
    const place = location.protocol === "file:" ? "" : location.href.split("#")[0].replace(/[^/]*$/, "");
    $("pin").value = place + "#" + fragment;
  }

  function start() {
    $("check-form").hidden = false;
    $("check-form").addEventListener("submit", (event) => {
      event.preventDefault();
      check();
    });
    addEventListener("hashchange", () => {
      const before = $("pin").value;
      pinFromAddress();
      if ($("pin").value !== before) check();
    });
    languageButtons();
    pinFromAddress();
    choose(wanted());
    copyButtons();
    check();
  }

  start();
})((globalThis.warrantCanary ??= {}));
