//! `techo authority recall`: recalled vaccine lots.

use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use serde_json::{Value, json};
use techo_authority::recalls::PRODUCTS;
use techo_protocol::exposure::segment;

use super::{open, read_texts};
use crate::session::Session;
use crate::{Failure, Outcome, time};

/// Recall vaccine lots. A recall is public; who had the dose is found out by each phone alone
#[derive(Debug, Subcommand)]
pub enum Recall {
    /// Recall a lot
    Add {
        /// The product
        #[arg(long, value_parser = PossibleValuesParser::new(PRODUCTS))]
        product: String,
        /// The lot, as it is printed
        #[arg(long)]
        lot: String,
        /// What people are told, as LANGUAGE=FILE; may be given several times
        #[arg(long, value_name = "LANGUAGE=FILE")]
        text: Vec<String>,
    },
    /// Take a recall back
    Withdraw {
        /// The recall's number
        id: u32,
    },
    /// All recalls
    List,
}

impl Recall {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let mut authority = open(session)?;
        let now = session.now();
        match self {
            Self::Add { product, lot, text } => {
                let recall = authority.add_recall(&product, &lot, &read_texts(&text)?, now)?;
                answer(session, &line(&recall), &recall, "authority-recall-added")
            }
            Self::Withdraw { id } => {
                let recall = authority.withdraw_recall(id, now)?;
                answer(session, &line(&recall), &recall, "authority-recall-withdrawn")
            }
            Self::List => {
                for state in authority.recalls()? {
                    let mut line = line(&state.recall);
                    line["published"] = json!(state.published);
                    line["made"] = json!(time::write(state.made_at));
                    let id = if state.recall.withdrawn {
                        "authority-recall-gone"
                    } else {
                        "authority-recall"
                    };
                    answer(session, &line, &state.recall, id)?;
                }
                Ok(Outcome::Done)
            }
        }
    }
}

fn answer(session: &Session, line: &Value, recall: &segment::Recall, id: &str) -> Result<Outcome, Failure> {
    session.out.answer(
        &line,
        id,
        &[("id", &recall.id), ("product", &recall.product), ("lot", &recall.lot)],
    )?;
    Ok(Outcome::Done)
}

fn line(recall: &segment::Recall) -> Value {
    json!({
        "recall": recall.id,
        "revision": recall.revision,
        "product": recall.product,
        "lot": recall.lot,
        "text": recall.text,
        "withdrawn": recall.withdrawn,
    })
}
