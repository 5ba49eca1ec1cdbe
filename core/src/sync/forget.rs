//! Deletion that travels: a document that this device has written anew becomes a lineage of its own, under a new key.

use super::SyncError;
use super::line::{Line, State, subject_of_document};
use crate::ports::random_bytes;
use crate::vault::Writer;

impl State {
    /// Notices what the diary has done since: documents that are new, were written anew, or were destroyed with their week.
    pub(super) fn notice(&mut self, writer: &Writer<'_>) -> Result<(), SyncError> {
        let names = writer.reader().document_names();
        for (name, vault_generation) in &names {
            let subject = subject_of_document(name);
            match self.lines.get_mut(&subject) {
                Some(line) if line.vault_generation == *vault_generation => {}
                Some(line) => {
                    line.absorb_all();
                    line.generation = line.generation.saturating_add(1);
                    line.key = random_bytes(writer.random())?;
                    line.vault_generation = *vault_generation;
                    line.due = true;
                    self.forget = true;
                }
                None => {
                    let mut line = Line::new(0, random_bytes(writer.random())?);
                    line.vault_generation = *vault_generation;
                    line.due = true;
                    self.lines.insert(subject, line);
                }
            }
        }
        let gone: Vec<_> = self
            .lines
            .keys()
            .copied()
            .filter(|subject| {
                super::line::document_of(*subject).is_some_and(|name| names.iter().all(|(there, _)| *there != name))
            })
            .collect();
        for subject in gone {
            if let Some(mut line) = self.lines.remove(&subject) {
                line.absorb_all();
                self.household.removable.extend(line.removable);
                self.forget = true;
            }
        }
        Ok(())
    }
}
