//! The relay's routes: the router's are in the book, and the book's in the router.

use std::collections::BTreeSet;
use std::path::Path;

use crate::page::{Page, root};
use crate::problems::Problems;

const ROUTER: &str = "relay/src/http.rs";

/// Checks the tables that are marked as routes.
pub fn check(book: &[Page], problems: &mut Problems) {
    let text = std::fs::read_to_string(root().join(ROUTER)).expect("the router is there");
    let router = routes(&text);
    assert!(!router.is_empty(), "{ROUTER} has no routes that this test can read");
    let mut named = BTreeSet::new();
    for page in book {
        let tables = page.tables();
        for row in tables
            .iter()
            .filter(|table| table.mark.as_deref() == Some("routes"))
            .flat_map(|table| &table.rows)
        {
            let cell = |at: usize| row.cells.get(at).map_or("", |cell| cell.trim_matches('`')).to_owned();
            let route = (cell(0), cell(1));
            if !router.iter().any(|(_, known)| *known == route) {
                problems.add(&page.path, row.line, format!("the relay has no {} {}", route.0, route.1));
            }
            named.insert(route);
        }
    }
    for (line, (method, path)) in router {
        if !named.contains(&(method.clone(), path.clone())) {
            problems.add(Path::new(ROUTER), line, format!("the book has no {method} {path}"));
        }
    }
}

/// Each `.route("path", get(…).put(…))` as method and path, with its line.
fn routes(text: &str) -> Vec<(usize, (String, String))> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find(".route(") {
        let start = at + found;
        at = start + ".route(".len();
        let rest = &text[at..];
        // A route ends where the next one, or another call on the router at the same depth, begins.
        let end = rest.find("\n        .").unwrap_or(rest.len());
        let Some((path, handlers)) = rest[..end].split_once('"').and_then(|(_, rest)| rest.split_once('"')) else {
            continue;
        };
        let line = text[..start].matches('\n').count() + 1;
        for method in ["get", "put", "post", "delete", "patch"] {
            let called = |before: char| handlers.contains(&format!("{before}{method}("));
            if called(' ') || called('.') {
                out.push((line, (method.to_uppercase(), path.to_owned())));
            }
        }
    }
    out
}
