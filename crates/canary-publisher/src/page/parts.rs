//! Scripts and styles put together, with the policy that allows these and nothing else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use canary_markup::Asset;
use sha2::{Digest as _, Sha256};

use super::lean;

macro_rules! asset {
    ($name:literal) => {
        include_str!(concat!("../../assets/page/", $name))
    };
}

const SHARED: [&str; 6] = [
    asset!("format.js"),
    asset!("ed25519.js"),
    asset!("beacon.js"),
    asset!("judge.js"),
    asset!("words.js"),
    asset!("view.js"),
];
const NOBLE: &str = asset!("vendor/noble-ed25519-1.7.5.js");
const NOBLE_LICENCE: &str = asset!("vendor/noble-ed25519-1.7.5.LICENSE");

/// The page's script.
pub(super) fn script() -> Asset {
    let parts = SHARED.iter().chain(&[asset!("page.js")]);
    Asset(parts.map(|part| lean::script(part)).collect())
}

/// The style of the page and of the verifier.
pub(super) fn style() -> Asset {
    Asset(lean::style(asset!("page.css")))
}

/// The one file that a reader keeps: it checks what it is given and connects to nothing.
pub fn verifier_html() -> String {
    // The library is unchanged; around it stand the names that a CommonJS file expects.
    let noble = format!(
        "\n(function(){{const exports={{}};const require=()=>({{}});\n{NOBLE}\n(globalThis.warrantCanary??={{}}).noble=exports;}})();\n"
    );
    let own = [asset!("file.js"), asset!("issue.js"), asset!("verifier.js")];
    let parts: String = SHARED.iter().chain(&own).map(|part| lean::script(part)).collect();
    let script = noble + &parts;
    let style = style();
    let policy = policy(&script, &style.0, Connections::None);
    asset!("verifier.template.html")
        .replace("{{policy}}", &policy)
        .replace("{{style}}", &style.0)
        .replace("{{licence}}", NOBLE_LICENCE.trim_end())
        .replace("{{script}}", &script)
}

/// Where a page may connect to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Connections {
    /// The files beside it.
    OwnSite,
    /// Nowhere.
    None,
}

/// A Content-Security-Policy for exactly this script and this style.
pub(super) fn policy(script: &str, style: &str, connections: Connections) -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    let connect = match connections {
        Connections::OwnSite => "'self'",
        Connections::None => "'none'",
    };
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; connect-src {connect}; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
        hash(script),
        hash(style),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_asset_can_end_the_element_that_holds_it() {
        for part in [script().0, verifier_html()] {
            assert!(part.matches("</script").count() <= 1);
            assert!(!part.contains("<!--"));
        }
        assert!(!style().0.contains("</"));
    }

    #[test]
    fn templates_and_comments_are_as_lean_expects_them() {
        let own = [asset!("page.js"), asset!("file.js"), asset!("issue.js"), asset!("verifier.js")];
        for source in SHARED.iter().chain(&own) {
            for line in source.lines() {
                assert!(
                    line.matches('`').count().is_multiple_of(2) || line.starts_with("//"),
                    "{line}"
                );
                assert!(!line.ends_with('\\') && !line.contains("/*"), "{line}");
            }
        }
    }

    #[test]
    fn the_verifier_is_complete() {
        let html = verifier_html();
        assert!(!html.contains("{{"));
        assert!(html.contains("connect-src 'none'"));
        assert!(html.contains("MIT License"));
    }
}
