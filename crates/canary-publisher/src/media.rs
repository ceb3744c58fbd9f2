//! What kind of file each path of a site is, and how long a cache may keep it (`format.md` §6).

/// How long a cache may keep a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caching {
    /// It never changes: a year.
    Immutable,
    /// It is replaced with the next issue or heartbeat: seconds.
    Seconds,
}

impl Caching {
    /// Of a path below the site's prefix.
    pub(crate) fn of(path: &str) -> Self {
        if path.starts_with("tile/") || path.starts_with("issues/") {
            Self::Immutable
        } else {
            Self::Seconds
        }
    }

    /// The value of `Cache-Control`.
    pub(crate) fn cache_control(self) -> &'static str {
        match self {
            Self::Immutable => "public, max-age=31536000, immutable",
            Self::Seconds => "public, max-age=30, must-revalidate",
        }
    }
}

/// The value of `Content-Type` for a path below the site's prefix.
pub(crate) fn content_type(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or(path);
    if path.starts_with("tile/") {
        return "application/octet-stream";
    }
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("json") if name == "feed.json" => "application/feed+json",
        Some("json") => "application/json",
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("atom") => "application/atom+xml",
        Some("xml") => "application/xml",
        Some("ics") => "text/calendar; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("txt" | "tlog-proof" | "canary" | "conf") | None => "text/plain; charset=utf-8",
        Some(_) => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_of_the_layout_has_its_type_and_caching() {
        for (path, kind, caching) in [
            ("checkpoint", "text/plain; charset=utf-8", Caching::Seconds),
            ("latest.json", "application/json", Caching::Seconds),
            ("latest.tlog-proof", "text/plain; charset=utf-8", Caching::Seconds),
            ("issues/0001.json", "application/json", Caching::Immutable),
            ("tile/0/000.p/3", "application/octet-stream", Caching::Immutable),
            ("tile/entries/x001/234", "application/octet-stream", Caching::Immutable),
            ("index.html", "text/html; charset=utf-8", Caching::Seconds),
            ("feed.atom", "application/atom+xml", Caching::Seconds),
            ("canary.ics", "text/calendar; charset=utf-8", Caching::Seconds),
        ] {
            assert_eq!((content_type(path), Caching::of(path)), (kind, caching), "{path}");
        }
    }
}
