//! The keys of a document's one flat map.
//!
//! | key | value |
//! |---|---|
//! | `<id>` | what never changes: bytes that begin with a version |
//! | `<id>/<field>` | what can be edited, a scalar |
//! | `<id>/p/<id>`, `<id>/k/<slot>` | one key for each person, for each later slot key |
//! | `x/<id>` | tombstone |
//! | `s/<name>` | a setting |
//! | `t/<id>` | when the values of one change were first written ([`super::stamps`]) |

use super::entry_id::{EntryId, ID_CHARS};

/// Where a key belongs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Class<'k> {
    /// The core of a row, or the field of that name.
    Row(EntryId, Option<&'k str>),
    Tombstone(EntryId),
    /// A setting, or something of a newer program.
    Other,
}

pub(super) fn classify(key: &str) -> Class<'_> {
    if let Some(id) = key.strip_prefix("x/").and_then(|rest| rest.parse().ok()) {
        return Class::Tombstone(id);
    }
    match key.split_at_checked(ID_CHARS).map(|(id, rest)| (id.parse(), rest)) {
        Some((Ok(id), "")) => Class::Row(id, None),
        Some((Ok(id), rest)) => rest
            .strip_prefix('/')
            .map_or(Class::Other, |field| Class::Row(id, Some(field))),
        _ => Class::Other,
    }
}

/// The key of a row's core.
///
/// ```
/// use techo_core::documents::{EntryId, keys};
/// assert_eq!(keys::core_key(&EntryId([7; 16])), "BwcHBwcHBwcHBwcHBwcHBw");
/// ```
pub fn core_key(id: &EntryId) -> String {
    id.to_string()
}

/// The key of a row's field.
///
/// ```
/// use techo_core::documents::{EntryId, keys};
/// assert_eq!(keys::field_key(&EntryId([7; 16]), "n"), "BwcHBwcHBwcHBwcHBwcHBw/n");
/// ```
pub fn field_key(id: &EntryId, field: &str) -> String {
    format!("{id}/{field}")
}

/// The key of a row's tombstone.
///
/// ```
/// use techo_core::documents::{EntryId, keys};
/// assert_eq!(keys::tombstone_key(&EntryId([7; 16])), "x/BwcHBwcHBwcHBwcHBwcHBw");
/// ```
pub fn tombstone_key(id: &EntryId) -> String {
    format!("x/{id}")
}

/// The key of a setting.
///
/// ```
/// assert_eq!(techo_core::documents::keys::setting_key("keep"), "s/keep");
/// ```
pub fn setting_key(name: &str) -> String {
    format!("s/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_say_where_they_belong() {
        let id = EntryId([7; 16]);
        assert_eq!(classify(&core_key(&id)), Class::Row(id, None));
        assert_eq!(classify(&field_key(&id, "p/x")), Class::Row(id, Some("p/x")));
        assert_eq!(classify(&tombstone_key(&id)), Class::Tombstone(id));
        assert_eq!(classify(&setting_key("keep")), Class::Other);
        assert_eq!(classify(&format!("{id}x")), Class::Other);
        assert_eq!(classify("x/short"), Class::Other);
        assert_eq!(classify("あいうえおかきくけこさしすせそ"), Class::Other);
    }
}
