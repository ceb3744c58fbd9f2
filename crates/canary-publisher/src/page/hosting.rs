//! Advice for web servers, as files ready to use (`format.md` §6, column "cache").
//!
//! Issues, tiles and bundles never change once published. Everything else is seconds old at most:
//! a stale `checkpoint` looks like a publisher that fell behind.

use super::Series;

/// How long pointer files may be cached, in seconds.
const FRESH: &str = "public, max-age=60, must-revalidate";
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Files for nginx, Caddy, Apache, Netlify and Cloudflare Pages, and hints for crawlers.
pub(super) fn render(series: &Series<'_>) -> Vec<(&'static str, String)> {
    let url = &series.newest.issue.publisher.canonical_url;
    let rest = url.splitn(4, '/').nth(3).unwrap_or_default();
    // A path that a server's own grammar might read otherwise is left for people to fill in.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/.-_~".contains(&byte);
    let path = if rest.bytes().all(plain) { format!("/{rest}") } else { "/".to_owned() };
    vec![
        ("_headers", headers(&path)),
        ("hosting/nginx.conf", nginx(&path)),
        ("hosting/Caddyfile", caddy(&path)),
        ("hosting/apache.conf", apache(&path)),
        ("hosting/robots.txt", robots(&path)),
        ("hosting/README.txt", README.replace("@path@", &path)),
    ]
}

const README: &str = "Cache advice for the web server in front of this site, made for @path@.

nginx.conf   include it in the server block that serves the site
Caddyfile    import it in the site block
apache.conf  include it in the virtual host, or copy it to .htaccess without its Location line
../_headers  Netlify and Cloudflare Pages read it at the root of what is deployed: if the site
             is not at the root of its host, move the file there
robots.txt   belongs at the root of the host; merge it with the one that is there

Whatever the server: serve .well-known even if it hides other dotted folders, answer 404 for what
is not there, never rewrite a path to index.html, and do not change any byte (no minifying, no
injected scripts).
";

/// One block for Netlify and Cloudflare Pages: longest paths count on their own.
fn headers(path: &str) -> String {
    let mut out =
        String::from("# Netlify and Cloudflare Pages read this at the root of a deploy.\n");
    let security = "  X-Content-Type-Options: nosniff\n  Referrer-Policy: no-referrer\n  X-Frame-Options: DENY\n  Access-Control-Allow-Origin: *\n";
    out.push_str(&format!("{path}*\n{security}"));
    for name in ["issues/*", "tile/*"] {
        out.push_str(&format!("{path}{name}\n  Cache-Control: {IMMUTABLE}\n"));
    }
    for (name, kind) in POINTERS {
        out.push_str(&format!("{path}{name}\n  Cache-Control: {FRESH}\n"));
        if let Some(kind) = kind {
            out.push_str(&format!("  Content-Type: {kind}\n"));
        }
    }
    out
}

/// Files whose content changes, and the type of those whose name does not say it.
const POINTERS: [(&str, Option<&str>); 10] = [
    ("", None),
    ("index.html", None),
    ("verifier.html", None),
    ("checkpoint", Some("text/plain; charset=utf-8")),
    ("latest.json", None),
    ("latest.tlog-proof", Some("text/plain; charset=utf-8")),
    ("canary.txt", Some("text/plain; charset=utf-8")),
    ("feed.atom", Some("application/atom+xml; charset=utf-8")),
    ("feed.json", Some("application/feed+json")),
    ("canary.ics", Some("text/calendar; charset=utf-8")),
];

fn nginx(path: &str) -> String {
    format!(
        "# In the server block. Adjust root; the site's files lie below it at {path}
location ^~ {path} {{
    index index.html;
    default_type text/plain;
    charset utf-8;
    add_header Cache-Control \"{FRESH}\";
    add_header X-Content-Type-Options nosniff;
    add_header Referrer-Policy no-referrer;
    add_header X-Frame-Options DENY;
    add_header Access-Control-Allow-Origin *;
    location ~ /(issues|tile)/ {{
        default_type application/octet-stream;
        add_header Cache-Control \"{IMMUTABLE}\";
        add_header X-Content-Type-Options nosniff;
        add_header Access-Control-Allow-Origin *;
    }}
    location ~ \\.atom$ {{
        default_type application/atom+xml;
        add_header Cache-Control \"{FRESH}\";
        add_header X-Content-Type-Options nosniff;
        add_header Access-Control-Allow-Origin *;
    }}
    location ~ \\.ics$ {{
        default_type text/calendar;
        add_header Cache-Control \"{FRESH}\";
        add_header X-Content-Type-Options nosniff;
        add_header Access-Control-Allow-Origin *;
    }}
}}
"
    )
}

fn caddy(path: &str) -> String {
    format!(
        "# In the site block, beside root and file_server.
@canary path {path}*
header @canary {{
    Cache-Control \"{FRESH}\"
    X-Content-Type-Options nosniff
    Referrer-Policy no-referrer
    X-Frame-Options DENY
    Access-Control-Allow-Origin *
}}
@canary-immutable path {path}issues/* {path}tile/*
header @canary-immutable Cache-Control \"{IMMUTABLE}\"
@canary-text path {path}checkpoint {path}latest.tlog-proof
header @canary-text Content-Type \"text/plain; charset=utf-8\"
"
    )
}

fn apache(path: &str) -> String {
    format!(
        "# Needs mod_headers. In the virtual host.
<Location \"{path}\">
    Header set Cache-Control \"{FRESH}\"
    Header set X-Content-Type-Options nosniff
    Header set Referrer-Policy no-referrer
    Header set X-Frame-Options DENY
    Header set Access-Control-Allow-Origin *
</Location>
<LocationMatch \"/(issues|tile)/\">
    Header set Cache-Control \"{IMMUTABLE}\"
</LocationMatch>
<FilesMatch \"^(checkpoint|latest\\.tlog-proof)$\">
    ForceType \"text/plain; charset=utf-8\"
</FilesMatch>
"
    )
}

fn robots(path: &str) -> String {
    format!("# Archives are welcome: they keep what was said.\nUser-agent: *\nAllow: {path}\n")
}
