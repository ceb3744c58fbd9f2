//! What notices say to people, in English and Chinese: what was observed, never a cause.

use canary_verifier::report::{Code, Severity};

use crate::episode::Turn;
use crate::route::Language;

/// One sentence for a finding.
pub fn finding(code: Code, language: Language) -> &'static str {
    let (en, zh) = both(code);
    match language {
        Language::En => en,
        Language::Zh => zh,
    }
}

/// One word for what happened to an episode.
pub fn turn(turn: Turn, language: Language) -> &'static str {
    match (turn, language) {
        (Turn::Opened, Language::En) => "new",
        (Turn::Reminder, Language::En) => "still so",
        (Turn::Changed, Language::En) => "changed",
        (Turn::Resolved, Language::En) => "resolved",
        (Turn::Opened, Language::Zh) => "新情况",
        (Turn::Reminder, Language::Zh) => "仍然如此",
        (Turn::Changed, Language::Zh) => "有变化",
        (Turn::Resolved, Language::Zh) => "已恢复",
    }
}

/// The same for an episode that ended because a worse one followed.
pub fn followed(language: Language) -> &'static str {
    match language {
        Language::En => "followed by LAPSED",
        Language::Zh => "已转为 LAPSED",
    }
}

/// One word for a severity.
pub fn severity(severity: Severity, language: Language) -> &'static str {
    match (severity, language) {
        (Severity::Alive, Language::En) => "alive",
        (Severity::Attention, Language::En) => "attention",
        (Severity::Unknown, Language::En) => "unknown",
        (Severity::Alarm, Language::En) => "alarm",
        (Severity::Alive, Language::Zh) => "正常",
        (Severity::Attention, Language::Zh) => "注意",
        (Severity::Unknown, Language::Zh) => "未知",
        (Severity::Alarm, Language::Zh) => "警报",
    }
}

/// How many changes are not listed, and where they are.
pub fn more(changes: usize, language: Language) -> String {
    match language {
        Language::En => {
            format!("- and {changes} more: see the status page, or canary watch export")
        }
        Language::Zh => format!("- 另有 {changes} 项：见状态页，或 canary watch export"),
    }
}

/// The limits in one sentence (`verdicts.md` §5).
pub fn limits(language: Language) -> &'static str {
    match language {
        Language::En => {
            "This says what was observed, and nothing about why. Look at it yourself with canary verify."
        }
        Language::Zh => "本通知只说明观察到了什么，不说明原因。可用 canary verify 自行核验。",
    }
}

/// What is said about the monitor itself.
pub fn own(code: crate::own::Trouble, language: Language) -> &'static str {
    use crate::own::Trouble;
    match (code, language) {
        (Trouble::Network, Language::En) => {
            "Most targets cannot be reached from this monitor. Their states are frozen until it reaches them again."
        }
        (Trouble::Network, Language::Zh) => {
            "本监测器无法访问大多数监测对象。在恢复访问之前，各对象的状态保持不变。"
        }
        (Trouble::Clock, Language::En) => {
            "This monitor's clock jumped or differs from that of most hosts. Dates are not judged until it agrees with them, for 12 hours at most."
        }
        (Trouble::Clock, Language::Zh) => {
            "本监测器的时钟发生跳变，或与大多数主机的时钟不一致。在恢复一致之前不判断任何日期，最长 12 小时。"
        }
        (Trouble::Gap, Language::En) => {
            "This monitor did not run for a while: nobody looked at the targets."
        }
        (Trouble::Gap, Language::Zh) => "本监测器有一段时间没有运行：期间没有查看任何监测对象。",
    }
}

/// What is said beside a date that was judged by a clock in doubt.
pub fn doubt(language: Language) -> &'static str {
    match language {
        Language::En => {
            "this monitor's clock is in doubt: it jumped, or most other hosts tell another time"
        }
        Language::Zh => "本监测器的时钟存疑：它发生过跳变，或其他大多数主机给出的时间与之不同。",
    }
}

fn both(code: Code) -> (&'static str, &'static str) {
    match code {
        Code::Malformed => {
            ("What was served breaks a rule of the format.", "所提供的内容不符合格式规定。")
        }
        Code::TooLarge => ("What was served exceeds a size limit.", "所提供的内容超过大小限制。"),
        Code::BadSignature => {
            ("A known key's signature does not verify.", "已知密钥的签名未通过验证。")
        }
        Code::QuorumShort => {
            ("Too few signers affirmed the issue.", "确认该期声明的签署人数不足。")
        }
        Code::PinMismatch => {
            ("The pinned issue is another than before.", "被固定的那一期与先前不同。")
        }
        Code::Unpinned => ("The series is not pinned.", "该系列没有固定标识。"),
        Code::ChainBroken => ("The issues do not follow each other.", "各期声明前后不衔接。"),
        Code::LogInconsistent => {
            ("The log does not fit what it served before.", "日志与先前提供的内容不一致。")
        }
        Code::CheckpointUnsigned => {
            ("The log's key did not sign the checkpoint.", "检查点没有日志密钥的签名。")
        }
        Code::Rollback => ("An older state than before was served.", "所提供的状态比先前的旧。"),
        Code::Fork => (
            "Two authentic issues have one number; both are kept.",
            "同一编号有两期真实声明，两者均已保存。",
        ),
        Code::MirrorFailed => {
            ("A mirror could not be read or is not authentic.", "某镜像无法读取或内容不真实。")
        }
        Code::HeartbeatStale => {
            ("The newest heartbeat is older than declared.", "最近的心跳早于所声明的期限。")
        }
        Code::HeartbeatMissing => (
            "The declared heartbeat is absent or does not verify.",
            "所声明的心跳缺失或未通过验证。",
        ),
        Code::WitnessShort => ("Too few witnesses cosigned.", "联署的见证方数量不足。"),
        Code::FutureDated => ("The issue is dated in the future.", "该期声明的日期在未来。"),
        Code::ClockSuspect => (
            "A verified instant lies in the future: check the clock.",
            "某个已验证的时刻在未来：请检查时钟。",
        ),
        Code::Overdue => ("The next issue is overdue.", "下一期声明已过预定日期。"),
        Code::Lapsed => (
            "The newest issue has lapsed; nothing newer was seen.",
            "最近一期声明已失效，未见更新的声明。",
        ),
        Code::Missing => {
            ("The host answers that there is no canary.", "主机答复该处没有金丝雀声明。")
        }
        Code::Unreachable => (
            "The canary cannot be reached. That is not silence.",
            "无法访问该金丝雀声明。这不等于沉默。",
        ),
        Code::Resumed => (
            "The series went on after a lapse; the gap stays on record.",
            "该系列在中断之后继续，间断会保留在记录中。",
        ),
        Code::FactAbsent => {
            ("A fact affirmed before is not affirmed now.", "先前确认过的一项事实现在未被确认。")
        }
        Code::FactRetired => {
            ("A fact is not affirmed any more, as announced.", "一项事实按预告不再确认。")
        }
        Code::RetirementAnnounced => {
            ("A fact will not be affirmed any more, by announcement.", "已预告一项事实将不再确认。")
        }
        Code::FactReworded => (
            "A fact's words differ from those affirmed before.",
            "一项事实的措辞与先前确认的不同。",
        ),
        Code::ScopeNarrowed => {
            ("A fact's scope is narrower than before.", "一项事实的范围比先前窄。")
        }
        Code::ScopeWidened => ("A fact's scope is wider than before.", "一项事实的范围比先前宽。"),
        Code::ScopeChanged => {
            ("A fact's scope is another than before.", "一项事实的范围与先前不同。")
        }
        Code::FactAdded => ("A fact was added.", "新增了一项事实。"),
        Code::FactReaffirmed => {
            ("A fact is affirmed again, in the same words.", "一项事实以相同措辞重新确认。")
        }
        Code::CounterChanged => ("A counter has a new value.", "一项计数有新值。"),
        Code::CounterRepresentationChanged => {
            ("A counter is expressed differently.", "一项计数的表示方式不同。")
        }
        Code::PublisherChanged => ("The publisher's particulars differ.", "发布者的信息有变动。"),
        Code::LogChanged => ("The log's or heartbeat's key differs.", "日志或心跳的密钥有变动。"),
        Code::RosterChanged => ("The roster of signers differs.", "签署人名册有变动。"),
        Code::FreshnessMissing => ("There is no evidence of freshness.", "没有新鲜度证据。"),
        Code::FreshnessStale => (
            "The evidence of freshness is well before the issue's date.",
            "新鲜度证据明显早于声明日期。",
        ),
        Code::FreshnessInvalid => ("The evidence of freshness fails.", "新鲜度证据未通过验证。"),
        Code::LongInterval => {
            ("The issue is valid for longer than accepted.", "该期声明的有效期超过可接受的长度。")
        }
        Code::Unsigned => ("Nothing in this canary is signed.", "该金丝雀声明没有任何签名。"),
        Code::UnknownSigner => {
            ("A signature is by a key that is not named here.", "有一个签名来自未指定的密钥。")
        }
        Code::SignatureWeakHash => (
            "A signature rests on a digest that is no longer strong.",
            "有一个签名所用的摘要算法强度不足。",
        ),
        Code::SignatureRefused => (
            "A signature rests on a digest that proves nothing; it does not count.",
            "有一个签名所用的摘要算法无法证明任何内容，不计入。",
        ),
        Code::SignatureExpired => (
            "A signature has ended by its own word; it does not count.",
            "有一个签名已过其自身标明的期限，不计入。",
        ),
        Code::SignaturePurpose => (
            "A signature was made for another purpose; it does not count.",
            "有一个签名用于其他用途，不计入。",
        ),
        Code::SignerKeyExpired => (
            "The key had ended when the signature was made; it does not count.",
            "签名时密钥已过期，不计入。",
        ),
        Code::SignerKeyExpiredSince => {
            ("The key has ended since the signature was made.", "签名之后密钥已过期。")
        }
        Code::SignerKeyRevoked => (
            "The signer's key is revoked; the signature does not count.",
            "签署人的密钥已撤销，签名不计入。",
        ),
        Code::SignerKeyRevokedSince => {
            ("The signer's key was replaced or retired since.", "签署人的密钥此后已被替换或停用。")
        }
        Code::SignerKeyInvalid => (
            "The key could not make such a signature then; it does not count.",
            "该密钥当时不能作出这样的签名，不计入。",
        ),
        Code::DeadlineUndefined => {
            ("The words leave the next date open.", "文字没有明确下一期的日期。")
        }
        Code::DateUndefined => ("The words give no date of issue.", "文字没有给出发布日期。"),
        Code::DatesDisagree => {
            ("The date of issue and the time of signing lie apart.", "发布日期与签名时间相差较大。")
        }
        Code::IssuedLate => {
            ("The issue came after the announced date.", "该期声明晚于所预告的日期。")
        }
        Code::IssuedEarly => {
            ("The issue came before the announced date.", "该期声明早于所预告的日期。")
        }
        Code::Corrected => {
            ("A text of the same date was replaced.", "同一日期的文字已被另一份替换。")
        }
        Code::Announcement => ("There are words under announcements.", "“公告”之下有文字。"),
        Code::WordsOutside => ("Words stand outside of what is signed.", "签名范围之外还有文字。"),
        Code::SeveralSpans => (
            "Several different texts are signed in one publication.",
            "一份发布内容中有多段分别签名的不同文字。",
        ),
        Code::FieldsUnbound => (
            "Fields are signed one by one; nothing binds them together.",
            "各字段分别签名，彼此没有绑定。",
        ),
        Code::FieldUnsigned => ("A field is not signed.", "有一个字段没有签名。"),
        Code::FieldsSpliced => {
            ("Fields of different issues were put together.", "不同期的字段被拼在一起。")
        }
        Code::PanicKeySigned => (
            "The key that the canary names as panic key has signed.",
            "该声明指定为“紧急”的密钥已签名。",
        ),
        Code::Accompanied => {
            ("A text was published beside the issue.", "该期声明旁另发布了一份文字。")
        }
        _ => ("A finding of another kind.", "其他情况。"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words that would name or hint a cause, in either language.
    const CAUSES: &[&str] = &[
        "order",
        "warrant",
        "gag",
        "compel",
        "compromise",
        "subpoena",
        "court",
        "police",
        "government",
        "hack",
        "breach",
        "seiz",
        "legal",
        "secret",
        "attack",
        "命令",
        "搜查",
        "封口",
        "强制",
        "入侵",
        "法院",
        "政府",
        "警方",
        "泄露",
        "攻击",
        "扣押",
        "秘密",
        "司法",
    ];

    #[test]
    fn no_wording_names_a_cause() {
        let mut said = Vec::new();
        for name in ALL {
            let code: Code = serde_json::from_value(serde_json::Value::String((*name).to_owned()))
                .expect("a code");
            let (en, zh) = both(code);
            assert_ne!(en, "A finding of another kind.", "{name} has words");
            said.extend([en, zh]);
        }
        for language in [Language::En, Language::Zh] {
            use crate::own::Trouble;
            for trouble in [Trouble::Network, Trouble::Clock, Trouble::Gap] {
                said.push(own(trouble, language));
            }
            said.extend([limits(language), followed(language)]);
        }
        let more = [Language::En, Language::Zh].map(|language| more(290, language));
        said.extend(more.iter().map(String::as_str));
        for text in said {
            let text = text.to_lowercase();
            for cause in CAUSES {
                assert!(!text.contains(cause), "{text:?} says {cause:?}");
            }
        }
    }

    const ALL: &[&str] = &[
        "MALFORMED",
        "TOO_LARGE",
        "BAD_SIGNATURE",
        "QUORUM_SHORT",
        "PIN_MISMATCH",
        "UNPINNED",
        "CHAIN_BROKEN",
        "LOG_INCONSISTENT",
        "CHECKPOINT_UNSIGNED",
        "ROLLBACK",
        "FORK",
        "MIRROR_FAILED",
        "HEARTBEAT_STALE",
        "HEARTBEAT_MISSING",
        "WITNESS_SHORT",
        "FUTURE_DATED",
        "CLOCK_SUSPECT",
        "OVERDUE",
        "LAPSED",
        "MISSING",
        "UNREACHABLE",
        "RESUMED",
        "FACT_ABSENT",
        "FACT_RETIRED",
        "RETIREMENT_ANNOUNCED",
        "FACT_REWORDED",
        "SCOPE_NARROWED",
        "SCOPE_WIDENED",
        "SCOPE_CHANGED",
        "FACT_ADDED",
        "FACT_REAFFIRMED",
        "COUNTER_CHANGED",
        "COUNTER_REPRESENTATION_CHANGED",
        "PUBLISHER_CHANGED",
        "LOG_CHANGED",
        "ROSTER_CHANGED",
        "FRESHNESS_MISSING",
        "FRESHNESS_STALE",
        "FRESHNESS_INVALID",
        "LONG_INTERVAL",
        "UNSIGNED",
        "UNKNOWN_SIGNER",
        "SIGNATURE_WEAK_HASH",
        "SIGNATURE_REFUSED",
        "SIGNATURE_EXPIRED",
        "SIGNATURE_PURPOSE",
        "SIGNER_KEY_EXPIRED",
        "SIGNER_KEY_EXPIRED_SINCE",
        "SIGNER_KEY_REVOKED",
        "SIGNER_KEY_REVOKED_SINCE",
        "SIGNER_KEY_INVALID",
        "DEADLINE_UNDEFINED",
        "DATE_UNDEFINED",
        "DATES_DISAGREE",
        "ISSUED_LATE",
        "ISSUED_EARLY",
        "CORRECTED",
        "ANNOUNCEMENT",
        "WORDS_OUTSIDE",
        "SEVERAL_SPANS",
        "FIELDS_UNBOUND",
        "FIELD_UNSIGNED",
        "FIELDS_SPLICED",
        "PANIC_KEY_SIGNED",
        "ACCOMPANIED",
    ];

    /// The list above has every code: the specification names them all, in tables and in the text.
    #[test]
    fn the_list_is_whole() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let source = root.join("crates/canary-verifier/src/code.rs");
        let source =
            std::fs::read_to_string(source).expect("the list of codes is in the workspace");
        let variants = source.lines().filter_map(|line| line.strip_prefix("    "));
        let named = variants.filter_map(|line| line.strip_suffix(','));
        let mut count = 0;
        for variant in named.filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric())) {
            let mut code = String::new();
            for c in variant.chars() {
                if c.is_ascii_uppercase() && !code.is_empty() {
                    code.push('_');
                }
                code.push(c.to_ascii_uppercase());
            }
            assert!(ALL.contains(&code.as_str()), "{code} has no words");
            count += 1;
        }
        assert_eq!(count, ALL.len());
    }
}
