// A report as a person reads it. Every text goes in as text: nothing signed or fetched becomes markup.
"use strict";
(function (canary) {
  const { say } = canary;

  // An element with attributes and children; strings become text nodes.
  function el(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  }

  // An instant in the reader's own time zone; the signed one in UTC stays beside it in `title`.
  function local(iso, language) {
    const date = new Date(iso);
    if (Number.isNaN(date.getTime())) return iso;
    return new Intl.DateTimeFormat(canary.uiLanguage(language), { dateStyle: "medium", timeStyle: "short" }).format(date);
  }

  const UNITS = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60]];
  function relative(seconds, language) {
    const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= 2 * length) ?? ["minute", 60];
    return new Intl.RelativeTimeFormat(canary.uiLanguage(language), { numeric: "always" }).format(Math.trunc(seconds / size), unit);
  }

  const MARKS = { holds: "✓", fails: "✗", "left out": "–" };

  // Times in a text are shown in the reader's zone.
  const readable = (values, language) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) =>
      [name, typeof value === "string" && /^\d{4}-\d\d-\d\dT[\d:]{8}Z$/.test(value) ? local(value, language) : value]));

  function stepText({ id, result, values }, language) {
    const fails = `step_${id}_fails`;
    let key = `step_${id}`;
    if (id === "chain" && values.pinned) key = "step_chain_pinned";
    if (id === "evidence") key = `step_evidence_${values.reason}`;
    if (id === "heartbeat" && result === "left out") key = "step_heartbeat_left";
    else if (result === "fails" && fails in canary.wordsOf(language) && Object.keys(values).length === 0) key = fails;
    return say(language, key, readable(values, language));
  }

  function steps(report, language) {
    return el("ol", { class: "steps" }, ...report.steps.map((step) =>
      el("li", { "data-result": step.result },
        el("span", { class: "mark", "aria-hidden": "true" }, MARKS[step.result]),
        el("span", {}, stepText(step, language), " ", el("b", { class: "result" }, say(language, step.result))))));
  }

  function findingText(finding, language) {
    const key = ["OVERDUE", "LAPSED", "MISSING", "UNREACHABLE"].includes(finding.code) ? `f_${finding.code}` : finding.code;
    return say(language, key, readable(finding, language));
  }

  function findings(report, language) {
    if (!report.findings.length) return el("p", {}, say(language, "no_findings"));
    return el("ul", { class: "findings" }, ...report.findings.map((finding) =>
      el("li", { "data-severity": finding.severity }, el("code", {}, finding.code), " ", findingText(finding, language))));
  }

  // The outcome in a line: what an alarm is about comes with it.
  function summary(report, language) {
    const line = say(language, `severity_${report.severity}`);
    if (report.severity !== "alarm") return line;
    // A heartbeat that is old as well says less than any other alarm.
    const alarms = report.findings.filter(({ severity }) => severity === "alarm");
    return `${line} ${findingText(alarms.find(({ code }) => code !== "HEARTBEAT_STALE") ?? alarms[0], language)}`;
  }

  // The whole report: what can be acted on first, then findings, steps and the limits.
  function showReport(container, report, language, extra = {}) {
    const ui = canary.uiLanguage(language);
    const line = say(ui, report.state, readable(report.issue ?? {}, ui));
    container.replaceChildren(
      el("div", { lang: ui, dir: "ltr", class: "report", "data-severity": report.severity, "data-state": report.state },
        el("p", { class: "headline" }, el("b", {}, line)),
        el("p", {}, say(ui, `severity_${report.severity}`), " ", el("span", { class: "quiet" }, extra.source ?? "", " ", extra.timing ?? "")),
        el("h3", {}, say(ui, "heading_findings")), findings(report, ui),
        el("h3", {}, say(ui, "heading_steps")), steps(report, ui),
        el("p", { class: "quiet" }, say(ui, "unchecked")),
        el("p", { class: "quiet" }, say(ui, "own_word")),
        extra.limits ? el("p", { class: "limits" }, say(ui, "limits")) : null));
  }

  function note(container, language, key, values) {
    const ui = canary.uiLanguage(language);
    container.replaceChildren(el("p", {}, el("span", { lang: ui, dir: "ltr" }, say(ui, key, values))));
  }

  Object.assign(canary, { el, local, relative, showReport, summary, note });
})((globalThis.warrantCanary ??= {}));
