//! What the page says, in the languages it has, and the words for scopes. Neutral: nothing here
//! names or hints a cause, and nothing says how a canary stands.

use canary_format::issue::{
    CounterValue, Fact, Issue, LAYERS, ROLES, SCOPE_IN_CHINESE, SCOPE_IN_ENGLISH, ScopeWords,
    TENSE_IN_CHINESE, TENSE_IN_ENGLISH, TenseWords, is_simplified_chinese,
};

/// One language's words.
pub(super) struct Words {
    pub(super) tag: &'static str,
    pub(super) kind: &'static str,
    pub(super) skip: &'static str,
    pub(super) issue: &'static str,
    pub(super) dates: &'static str,
    pub(super) as_of: &'static str,
    pub(super) next_due: &'static str,
    pub(super) expires: &'static str,
    pub(super) check: &'static str,
    pub(super) check_intro: &'static str,
    pub(super) check_script: &'static str,
    pub(super) pin: &'static str,
    pub(super) pin_hint: &'static str,
    pub(super) check_again: &'static str,
    pub(super) facts: &'static str,
    pub(super) facts_intro: &'static str,
    pub(super) no_facts: &'static str,
    pub(super) ends: &'static str,
    pub(super) supersedes: &'static str,
    pub(super) signers: &'static str,
    pub(super) signers_intro: &'static str,
    pub(super) roster: &'static str,
    pub(super) promises: &'static str,
    pub(super) promises_intro: &'static str,
    pub(super) counters: &'static str,
    pub(super) counters_intro: &'static str,
    pub(super) period: &'static str,
    pub(super) number: &'static str,
    pub(super) verify: &'static str,
    pub(super) verify_intro: &'static str,
    pub(super) pin_first: &'static str,
    pub(super) pin_newest: &'static str,
    pub(super) keep: &'static str,
    pub(super) history: &'static str,
    pub(super) history_intro: &'static str,
    pub(super) fact: &'static str,
    pub(super) life: &'static str,
    pub(super) first: &'static str,
    pub(super) last: &'static str,
    pub(super) key_life: &'static str,
    pub(super) key_gap: &'static str,
    pub(super) key_change: &'static str,
    pub(super) changes: &'static str,
    pub(super) no_changes: &'static str,
    pub(super) event_absent: &'static str,
    pub(super) event_changed: &'static str,
    pub(super) event_announced: &'static str,
    pub(super) event_added: &'static str,
    pub(super) event_gap: &'static str,
    pub(super) issues: &'static str,
    pub(super) issues_more: &'static str,
    pub(super) limits: &'static str,
    pub(super) files: &'static str,
    pub(super) contact: &'static str,
    tense: TenseWords,
    all: &'static str,
    scope: [&'static str; 6],
    scope_words: ScopeWords,
    comma: &'static str,
}

/// The limits of `verdicts.md` §5, in English and Chinese.
pub(super) const LIMITS: (&str, &str) = (
    "What a live canary does not show: that no data was accessed, that any law was complied with, that a statement is true, or that its signers were free. It shows that named keys affirmed these words at this time, and that nothing affirmed earlier has disappeared since your baseline. Out of any verifier's reach without witnesses: a publisher whose whole quorum signs two stories for two readers; with them: a quorum that lies.",
    "有效的声明并不表明：没有数据被访问、任何法律得到遵守、所述属实，或签署人是自由的。它表明：具名的密钥在此时间确认了这些文字，且自您的基线以来，曾确认的内容没有消失。没有见证人时，任何验证者都无法发现：全体签署人对两位读者签署两种说法；有见证人时：说谎的全体签署人。",
);

/// English.
pub(super) const EN: Words = Words {
    tag: "en",
    kind: "Warrant canary",
    skip: "Skip to the content",
    issue: "Issue",
    dates: "Dates",
    as_of: "Affirmed as of",
    next_due: "Next issue due",
    expires: "Expires",
    check: "Checked in your browser",
    check_intro: "A script on this page reads the site's files and verifies them on your device.",
    check_script: "This needs scripts. Without them, use the command below.",
    pin: "Pin",
    pin_hint: "If you have a pin from another way than this site, put it here.",
    check_again: "Check again",
    facts: "Facts affirmed",
    facts_intro: "Each sentence stands for itself. One that is no longer here is no longer affirmed.",
    no_facts: "This issue affirms no fact.",
    ends: "Will no longer be affirmed from",
    supersedes: "Replaces",
    signers: "Who affirmed them",
    signers_intro: "Signatures needed from distinct persons:",
    roster: "May sign the next issue",
    promises: "Promises",
    promises_intro: "About the future. No verdict rests on them.",
    counters: "Counters",
    counters_intro: "Numbers for a period. They are not facts.",
    period: "Period",
    number: "Number",
    verify: "Verify it yourself",
    verify_intro: "Get a pin in another way than from this site, for example from your contract. Then one command checks every issue since:",
    pin_first: "Pin of issue 1",
    pin_newest: "Pin of the newest issue",
    keep: "Or keep this one file and give it the site's folder; it connects to nothing:",
    history: "History",
    history_intro: "When each fact was affirmed by an issue in force, from the first issue to the newest one's end.",
    fact: "Fact",
    life: "Time",
    first: "First affirmed",
    last: "Last affirmed",
    key_life: "affirmed",
    key_gap: "no issue in force",
    key_change: "words or scope changed",
    changes: "Changes",
    no_changes: "None since the first issue.",
    event_absent: "no longer affirmed from issue",
    event_changed: "other words or scope from issue",
    event_announced: "end announced in issue",
    event_added: "first affirmed in issue",
    event_gap: "No issue in force",
    issues: "Issues",
    issues_more: "Older issues are in the folder issues/.",
    limits: "Limits",
    files: "Files",
    contact: "Contact",
    tense: TENSE_IN_ENGLISH,
    all: "all",
    scope: ["Said by", "Services", "Acting as", "Layers", "Jurisdictions", "Not covered"],
    scope_words: SCOPE_IN_ENGLISH,
    comma: ", ",
};

/// Simplified Chinese.
pub(super) const ZH: Words = Words {
    tag: "zh-Hans",
    kind: "权证金丝雀声明",
    skip: "跳到正文",
    issue: "期号",
    dates: "日期",
    as_of: "确认时点",
    next_due: "下一期应于",
    expires: "到期",
    check: "在您的浏览器中检查",
    check_intro: "本页脚本读取本站文件，并在您的设备上验证。",
    check_script: "这需要脚本。没有脚本时，请用下面的命令。",
    pin: "锚定值",
    pin_hint: "如果您从本站以外的途径取得了锚定值，请填在这里。",
    check_again: "再次检查",
    facts: "确认的事实",
    facts_intro: "每句话各自成立。不再出现的一句，即不再确认。",
    no_facts: "本期不确认任何事实。",
    ends: "将不再确认，自",
    supersedes: "替代",
    signers: "确认人",
    signers_intro: "所需的不同人员签名数：",
    roster: "可签署下一期",
    promises: "承诺",
    promises_intro: "关于将来。任何结论都不以此为据。",
    counters: "计数",
    counters_intro: "一段期间的数字。它们不是事实。",
    period: "期间",
    number: "数字",
    verify: "自行验证",
    verify_intro: "请从本站以外的途径取得锚定值，例如您的合同。然后一条命令检查其后的每一期：",
    pin_first: "第 1 期的锚定值",
    pin_newest: "最新一期的锚定值",
    keep: "或保存这一个文件，把站点文件夹交给它；它不连接任何地方：",
    history: "历史",
    history_intro: "自第一期至最新一期到期，每项事实在何时由有效的一期所确认。",
    fact: "事实",
    life: "时间",
    first: "首次确认",
    last: "最近确认",
    key_life: "已确认",
    key_gap: "没有有效的一期",
    key_change: "文字或范围有变化",
    changes: "变化",
    no_changes: "自第一期以来没有变化。",
    event_absent: "不再确认，自期号",
    event_changed: "文字或范围有变化，自期号",
    event_announced: "预告终止，见期号",
    event_added: "首次确认，见期号",
    event_gap: "没有有效的一期",
    issues: "各期",
    issues_more: "更早的各期在 issues/ 文件夹中。",
    limits: "局限",
    files: "文件",
    contact: "联系",
    tense: TENSE_IN_CHINESE,
    all: "全部",
    scope: ["声明主体", "服务", "角色", "层", "法域", "不包括"],
    scope_words: SCOPE_IN_CHINESE,
    comma: "、",
};

/// The words for a language tag: its own, else English.
pub(super) fn of(tag: &str) -> &'static Words {
    if is_simplified_chinese(tag) { &ZH } else { &EN }
}

/// Whether text in this language runs from right to left.
pub(super) fn is_rtl(tag: &str) -> bool {
    let lower = tag.to_ascii_lowercase();
    let mut parts = lower.split('-');
    let language = parts.next().unwrap_or_default();
    match parts.find(|part| part.len() == 4 && part.bytes().all(|b| b.is_ascii_alphabetic())) {
        Some(script) => ["adlm", "arab", "hebr", "mand", "nkoo", "rohg", "samr", "syrc", "thaa"]
            .contains(&script),
        None => {
            ["ar", "arc", "ckb", "dv", "fa", "he", "iw", "ji", "nqo", "ps", "sd", "syr", "ug"]
                .contains(&language)
                || ["ur", "yi"].contains(&language)
        }
    }
}

/// The span of time a fact speaks of.
pub(super) fn tense(words: &Words, fact: &Fact) -> String {
    words.tense.of(fact)
}

/// A fact's scope in words: names and values. Signed names stay as they were signed.
pub(super) fn scope(words: &Words, issue: &Issue, fact: &Fact) -> Vec<(&'static str, String)> {
    let publisher = &issue.publisher;
    let list = |ids: &[String], name: &dyn Fn(&str) -> String| -> String {
        let names: Vec<String> = ids
            .iter()
            .map(|id| if id == "all" { words.all.to_owned() } else { name(id) })
            .collect();
        names.join(words.comma)
    };
    let entity = |id: &str| match publisher.entities.iter().find(|entity| entity.id == id) {
        Some(entity) => format!("{} ({})", entity.name, entity.jurisdiction),
        None => id.to_owned(),
    };
    let service = |id: &str| match publisher.services.iter().find(|service| service.id == id) {
        Some(service) => format!("{} ({})", service.name, service.model),
        None => id.to_owned(),
    };
    let known = |table: &'static [&'static str], words: &'static [&'static str]| {
        move |id: &str| {
            let place = table.iter().position(|other| *other == id);
            place.and_then(|place| words.get(place)).map_or(id.to_owned(), |w| (*w).to_owned())
        }
    };
    let of = of(words.tag);
    let layer = known(&LAYERS, &of.scope_words.layers);
    let role = known(&ROLES, &of.scope_words.roles);
    let as_is = |id: &str| id.to_owned();
    let scope = &fact.scope;
    let mut out = vec![
        (words.scope[0], list(&scope.entities, &entity)),
        (words.scope[1], list(&scope.services, &service)),
        (words.scope[2], list(&scope.roles, &role)),
        (words.scope[3], list(&scope.layers, &layer)),
        (words.scope[4], list(&scope.jurisdictions, &as_is)),
    ];
    if let Some(excludes) = &scope.excludes {
        out.push((words.scope[5], excludes.join("; ")));
    }
    out
}

/// A counter's value.
pub(super) fn counter(value: CounterValue) -> String {
    match value {
        CounterValue::Exact(number) => number.to_string(),
        CounterValue::Band(low, high) => format!("{low}–{high}"),
    }
}
