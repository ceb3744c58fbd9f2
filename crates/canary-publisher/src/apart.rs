//! Where a directory really is, and whether a site there is apart from what a publisher's folder keeps from visitors.

use std::path::{Component, Path, PathBuf};

use canary_durable::folder_of;
use canary_format::layout::{CANARIES, KEYS, VERIFIED};

/// What of a publisher's folder a site in this directory would lie among: it is that place, holds it or
/// lies in it, wherever links lead.
pub(crate) fn overlapped(site: &Path, folder: &Path) -> Option<PathBuf> {
    let site = resolved(site);
    let own = folder_of(Path::new(VERIFIED));
    let kept = [Path::new(KEYS), Path::new(CANARIES), own];
    kept.map(|name| folder.join(name)).into_iter().find(|kept| {
        let kept = resolved(kept);
        site.starts_with(&kept) || kept.starts_with(&site)
    })
}

/// A path as the system would follow it. What is not there yet holds no links.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    // It fails where there is no current folder, and nothing can be opened there either.
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut resolved = PathBuf::new();
    for component in whole.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                resolved.pop();
            }
            other => {
                resolved.push(other);
                if let Ok(found) = resolved.canonicalize() {
                    resolved = found;
                }
            }
        }
    }
    resolved
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_site_stays_apart_from_keys_and_series() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("canary");
        fs::create_dir_all(folder.join("keys")).unwrap();
        let kept = |site: &str| overlapped(&folder.join(site), &folder);
        for (site, name) in [
            ("keys", "keys"),
            ("keys/site", "keys"),
            ("canaries", "canaries"),
            (".canary/site", ".canary"),
            (".", "keys"),
            ("..", "keys"),
            ("site/../keys", "keys"),
            ("site/../../canary/./keys/", "keys"),
        ] {
            assert_eq!(kept(site), Some(folder.join(name)), "{site}");
        }
        for site in ["site", "site/canary", "../site", "keys-of-old", "keys/../site"] {
            assert_eq!(kept(site), None, "{site}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_leads_to_where_it_leads() {
        use std::os::unix::fs::symlink;
        let root = tempfile::tempdir().unwrap();
        let (folder, vault) = (root.path().join("canary"), root.path().join("vault"));
        for path in [folder.join("keys"), folder.join("www"), vault.join("own")] {
            fs::create_dir_all(path).unwrap();
        }
        symlink("keys", folder.join("site")).unwrap();
        symlink(vault.join("own"), folder.join(".canary")).unwrap();
        assert_eq!(overlapped(&folder.join("site"), &folder), Some(folder.join("keys")));
        assert_eq!(overlapped(&vault, &folder), Some(folder.join(".canary")));
        assert_eq!(overlapped(&folder.join("site/../www"), &folder), None);
    }
}
