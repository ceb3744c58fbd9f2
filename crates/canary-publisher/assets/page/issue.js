// A verified issue in full, for the verifier page: index.html has it in its markup already.
"use strict";
(function (canary) {
  const { el, say } = canary;

  Object.assign(canary.tables.en, {
    limits: "What a live canary does not show: that no data was accessed, that any law was complied with, that a statement is true, or that its signers were free. It shows that named keys affirmed these words at this time, and that nothing affirmed earlier has disappeared since your baseline. Out of any verifier’s reach without witnesses: a publisher whose whole quorum signs two stories for two readers; with them: a quorum that lies.",
    tense_never: "Never, up to the date affirmed.",
    tense_current: "On the date affirmed.",
    tense_since: "Since {since}.",
    scope_entities: "Said by",
    scope_services: "Services",
    scope_roles: "Acting as",
    scope_layers: "Layers",
    scope_jurisdictions: "Jurisdictions",
    scope_excludes: "Not covered",
    all: "all",
    facts: "Facts affirmed",
    signers: "Affirmed by",
    nothing: "None.",
    drop_reading: "Reading…",
    no_site: "No canary was found in what you gave: it needs a file (latest.json, latest.tlog-proof, *.canary) or a folder with a file named checkpoint.",
    bad_time: "This is not an instant. Write it as 2026-03-02T09:00:00Z.",
  });
  Object.assign(canary.tables["zh-Hans"], {
    limits: "有效的声明并不表明：没有数据被访问、任何法律得到遵守、所述属实，或签署人是自由的。它表明：具名的密钥在此时间确认了这些文字，且自您的基线以来，曾确认的内容没有消失。没有见证人时，任何验证者都无法发现：全体签署人对两位读者签署两种说法；有见证人时：说谎的全体签署人。",
    tense_never: "截至确认之日，从未。",
    tense_current: "在确认之日。",
    tense_since: "自 {since} 起。",
    scope_entities: "声明主体",
    scope_services: "服务",
    scope_roles: "角色",
    scope_layers: "层",
    scope_jurisdictions: "法域",
    scope_excludes: "不包括",
    all: "全部",
    facts: "确认的事实",
    signers: "确认人",
    nothing: "无。",
    drop_reading: "正在读取…",
    no_site: "所给内容中没有找到声明：需要一个文件（latest.json、latest.tlog-proof、*.canary），或含有 checkpoint 文件的文件夹。",
    bad_time: "这不是一个时刻。请写成 2026-03-02T09:00:00Z。",
  });

  const RTL = /^(ar|arc|ckb|dv|fa|he|iw|ku-arab|nqo|pa-arab|ps|sd|syr|ug|ur|yi|ji)(-|$)|-(arab|hebr|thaa|syrc|nkoo|adlm|rohg)(-|$)/i;
  const direction = (tag) => (RTL.test(tag) && !/-latn(-|$)/i.test(tag) ? "rtl" : "ltr");

  // The facts of a verified issue in full, each language as it was signed.
  function showIssue(container, issue, signers, language) {
    const ui = canary.uiLanguage(language);
    const scope = (fact) => el("dl", { class: "scope", lang: ui, dir: "ltr" },
      ...["entities", "services", "roles", "layers", "jurisdictions", "excludes"].filter((part) => part in fact.scope).flatMap((part) =>
        [el("dt", {}, say(ui, `scope_${part}`)), el("dd", {}, fact.scope[part].map((entry) => (entry === "all" ? say(ui, "all") : entry)).join(", "))]));
    container.replaceChildren(
      el("h2", { lang: ui }, say(ui, "facts")),
      ...(issue.facts.length ? issue.facts : [null]).map((fact) => fact === null
        ? el("p", { lang: ui }, say(ui, "nothing"))
        : el("article", { class: "fact" },
            el("h3", {}, el("code", {}, fact.id)),
            ...issue.publisher.languages.map((tag) => el("p", { class: "words", lang: tag, dir: direction(tag) }, fact.text[tag])),
            el("p", { class: "quiet", lang: ui }, say(ui, `tense_${fact.tense}`, fact)), scope(fact))),
      el("h2", { lang: ui }, say(ui, "signers")),
      el("ul", {}, ...signers.map((signer) => el("li", {}, `${signer.name}, ${signer.role} (${signer.jurisdiction})`))));
  }

  canary.showIssue = showIssue;
})((globalThis.warrantCanary ??= {}));
