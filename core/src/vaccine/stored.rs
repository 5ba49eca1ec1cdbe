//! The documents that the vaccine records are made of, as the vault holds them: everybody's settings, and one document a person.

use crate::documents::{Document, settings};
use crate::vault::{DocumentName, Reader, Vault, VaultError, Writer};

use super::Person;

/// A document of the vault, loaded; `None` if it does not exist.
pub(super) fn load(reader: &Reader<'_>, name: &DocumentName, actor: [u8; 16]) -> Result<Option<Document>, VaultError> {
    Ok(reader.document(name)?.map(|stored| Document::load(stored, actor)))
}

/// The document that names the household's people; a new one where nobody has been named yet.
pub(super) fn settings(writer: &Writer<'_>) -> Result<Document, VaultError> {
    let document = load(&writer.reader(), &DocumentName::Settings, writer.actor())?;
    Ok(document.unwrap_or_else(|| Document::begin(DocumentName::Settings, writer.actor())))
}

/// Everybody, those too who were said to be another.
pub(super) fn everybody(vault: &mut Vault) -> Result<Vec<Person>, VaultError> {
    let actor = vault.actor();
    let document = vault.read(|reader| load(reader, &DocumentName::Settings, actor))?;
    Ok(document.as_ref().map(settings::people).unwrap_or_default())
}
