//! Links, and paths of files and modules in code spans.

use std::path::{Component, Path, PathBuf};

use crate::page::{Page, root};
use crate::problems::Problems;

const FOLDERS: [&str; 12] = [
    "authority/",
    "bench/",
    "cli/",
    "core/",
    "deploy/",
    "docs/",
    "fuzz/",
    "http/",
    "protocol/",
    "relay/",
    "tests/",
    "testing/",
];

/// Checks the links and paths of a page.
pub fn check(page: &Page, problems: &mut Problems) {
    for (line, link) in page.links() {
        if link.starts_with("https://") {
            continue;
        }
        let (file, anchor) = link
            .split_once('#')
            .map_or((link, None), |(file, anchor)| (file, Some(anchor)));
        let target = if file.is_empty() {
            page.path.clone()
        } else {
            flat(&page.path.parent().unwrap_or(Path::new("")).join(file))
        };
        if !root().join(&target).exists() {
            problems.add(&page.path, line, format!("no {}", target.display()));
        } else if let Some(anchor) = anchor
            && !Page::open(&target).anchors().iter().any(|known| known == anchor)
        {
            problems.add(&page.path, line, format!("{} has no heading #{anchor}", target.display()));
        }
    }
    for (line, code) in page.code() {
        let path = code.trim_end_matches(['*', '/']);
        let is_path = FOLDERS.iter().any(|folder| code.starts_with(folder)) && !code.contains([' ', '{', '<']);
        if is_path && !root().join(path).exists() {
            problems.add(&page.path, line, format!("no {path}"));
        }
        if let Some(item) = code.strip_prefix("techo_").filter(|item| item.contains("::"))
            && !module_exists(item)
        {
            problems.add(&page.path, line, format!("no module for {code}"));
        }
    }
}

/// Whether the lower-case parts of a path such as `core::device::Device` are modules.
fn module_exists(item: &str) -> bool {
    let mut parts = item.split("::");
    let mut path = root().join(parts.next().unwrap_or_default()).join("src");
    if !path.exists() {
        return false;
    }
    for part in parts.take_while(|part| part.starts_with(|c: char| c.is_ascii_lowercase())) {
        path = path.join(part);
        if !path.exists() && !path.with_extension("rs").exists() {
            return false;
        }
    }
    true
}

/// Takes `..` out of a path.
fn flat(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            out.pop();
        } else {
            out.push(part);
        }
    }
    out
}
