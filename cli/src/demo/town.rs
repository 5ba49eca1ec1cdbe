//! Who takes part in the demonstration of vaccination: a town, its site without a network, and the stick between them.

use std::fmt::Write as _;
use std::path::Path;

use techo_authority::Authority;
use techo_authority::municipality::bundles::BundleImported;
use techo_authority::profile::NewAuthority;
use techo_core::clinic::{Clinic, ClinicError, NewDose, Recorded};
use techo_core::recognise::FileContent;
use techo_core::vault::Vault;
use techo_core::vault::key_file::KeyFile;
use techo_protocol::basics::keys::sha256;
use techo_protocol::basics::municipality_code::MunicipalityCode;
use techo_protocol::basics::random::SystemRandom;
use techo_protocol::vaccination::product::Product;
use techo_protocol::vaccination::ticket::TicketText;

use crate::failure::CliError;
use crate::{Failure, code_picture};

/// The town and its site.
pub struct TownCast {
    /// The municipality, as an authority whose profile is open.
    pub town: Authority,
    /// The municipality's trust file, for sites and residents.
    pub trust_file: Vec<u8>,
    folder: std::path::PathBuf,
    random: SystemRandom,
    now: i64,
}

impl TownCast {
    /// A town with so many residents, aged 12 and more; each ticket with a birth date, and no name.
    pub fn begin(folder: &Path, residents: u64, now: i64) -> Result<Self, Failure> {
        let random = SystemRandom::new();
        let new = NewAuthority {
            name: "Sakai",
            host: "techo.example",
        };
        let mut town = Authority::init(&folder.join("town"), &new, None, now, &random)?;
        town.become_municipality(MunicipalityCode::read("271403")?, None, now, &random)?;
        let mut file = String::from("ticket,born\n");
        for number in 1..=residents {
            // Writing to a string does not fail.
            let _ = writeln!(file, "{number:010},{}-05-06", 1935 + number % 70);
        }
        let enrolled = town.enrol(file.as_bytes(), techo_authority::tables::Taking::default(), now, &random)?;
        if !enrolled.rejected.is_empty() {
            return Err(CliError::DemoFailed.into());
        }
        town.import_lots(
            "product,lot,doses\nファイザー,EX3617,195\npfizer,EX0001,195\npfizer,EY0779,195\n".as_bytes(),
            false,
            now,
        )?;
        let trust_file = town.export_trust(&[], now)?;
        Ok(Self {
            town,
            trust_file,
            folder: folder.to_owned(),
            random,
            now,
        })
    }

    /// Goes on to another moment, in Unix seconds.
    pub fn go_to(&mut self, now: i64) {
        self.now = now;
    }

    /// Makes and licenses the site.
    pub fn license(&mut self, name: &str) -> Result<(), Failure> {
        let mut vault = self.vault(name)?;
        let request = Clinic::init(&mut vault, &self.trust_file, name, self.now, &self.random)?;
        drop(vault);
        let (_, licence) = self.town.add_site(&request, None, self.now)?;
        self.site(name)?.license(&licence)?;
        Ok(())
    }

    /// Gives the site what the town knows of lots, recalls and licences.
    pub fn update(&mut self, name: &str) -> Result<(), Failure> {
        let (_, update) = self.town.site_update(self.now)?;
        self.site(name)?.take_update(&update)?;
        Ok(())
    }

    fn vault(&self, name: &str) -> Result<Vault, Failure> {
        let folder = self.folder.join(name);
        let keeper = KeyFile::new(&folder, None, Box::new(SystemRandom::new()));
        Ok(Vault::open(&folder, Box::new(keeper), Box::new(SystemRandom::new()))?)
    }

    fn site(&self, name: &str) -> Result<Clinic, Failure> {
        Ok(Clinic::open(self.vault(name)?, self.now)?)
    }

    /// Draws a ticket, reads it from its picture, and has the site record it; and how long that took, in milliseconds.
    pub fn show_ticket(&self, site: &str, digits: &str, lot: &str) -> Result<(Result<Recorded, ClinicError>, f64), Failure> {
        let path = self.folder.join("ticket.png");
        code_picture::write(digits, &path)?;
        let bytes = std::fs::read(&path).map_err(|_| CliError::FileUnreadable)?;
        // A ticket belongs to its holder, who takes it along.
        std::fs::remove_file(&path).map_err(|_| CliError::FileUnwritable)?;
        let mut site = self.site(site)?;
        let start = std::time::Instant::now();
        let texts = FileContent::of(&bytes)?.texts();
        let code = texts.first().ok_or(CliError::DemoFailed)?;
        let recorded = match TicketText::read(&code.text) {
            Ok(ticket) => site.record(&NewDose {
                ticket,
                dose: None,
                product: Product::Pfizer,
                lot,
                at: self.now,
                by: "Dr. K",
                born: None,
                picture: Some(sha256(&bytes)),
                despite: &[],
            }),
            Err(error) => Err(error.into()),
        };
        Ok((recorded, start.elapsed().as_secs_f64() * 1e3))
    }

    /// The site writes what it has to the stick.
    pub fn to_stick(&self, site: &str) -> Result<Vec<u8>, Failure> {
        let bundle = self.site(site)?.bundle(&self.random)?;
        let path = self.folder.join(format!("stick-{}.techo-bundle", bundle.sequence));
        std::fs::write(path, &bundle.file).map_err(|_| CliError::FileUnwritable)?;
        Ok(bundle.file)
    }

    /// The town takes a file from the stick.
    pub fn take_stick(&mut self, file: &[u8]) -> Result<BundleImported, Failure> {
        Ok(self.town.import_bundle(file, false, self.now)?)
    }
}
