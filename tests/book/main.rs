//! The book in `docs/` against the code: its tables of bytes, its vectors, its constants, labels, routes, error codes and links.
//!
//! A page marks what can be checked by a comment above a table:
//!
//! | mark | columns of the table | checked against |
//! |---|---|---|
//! | `<!-- bytes NAME -->` | offset, length, name, meaning | the fields of `docs/vectors/NAME.txt` |
//! | `<!-- cbor NAME.FIELD/PATH -->` | key, type, meaning | the CBOR in that field of the vector |
//! | `<!-- constants -->` | name, value, meaning | `const` items: the name is a link to their file |
//! | `<!-- routes -->` | method, path, … | the relay's router |
//! | `<!-- commands -->` | command, … | `--help` of the real binary |
//!
//! Every fault is reported with its file and line.

mod citations;
mod codes;
mod commands;
mod formats;
mod links;
mod page;
mod problems;
mod programs;
mod routes;
mod sources;
mod vector;
mod vectors;

use problems::Problems;

#[test]
fn vectors_are_read_and_written_again_byte_for_byte() {
    vector::check(&vectors::all());
}

#[test]
fn tables_of_bytes_and_keys_are_those_of_the_vectors() {
    let mut problems = Problems::default();
    for page in page::book() {
        formats::check(&page, &mut problems);
    }
    problems.none();
}

#[test]
fn constants_have_the_values_that_the_book_gives() {
    let mut problems = Problems::default();
    for page in page::book() {
        sources::check_constants(&page, &mut problems);
    }
    problems.none();
}

#[test]
fn labels_and_magics_are_those_of_the_code() {
    let mut problems = Problems::default();
    sources::check_labels(&page::book(), &mut problems);
    problems.none();
}

#[test]
fn routes_are_those_of_the_relay() {
    let mut problems = Problems::default();
    routes::check(&page::book(), &mut problems);
    problems.none();
}

#[test]
fn commands_have_the_flags_that_the_book_names() {
    let mut problems = Problems::default();
    for page in page::book() {
        commands::check(&page, &mut problems);
    }
    problems.none();
}

#[test]
fn programs_are_told_as_they_run() {
    let mut problems = Problems::default();
    programs::check(&mut problems);
    problems.none();
}

#[test]
fn error_codes_are_those_of_the_list() {
    let mut problems = Problems::default();
    for page in page::book() {
        codes::check(&page, &mut problems);
    }
    problems.none();
}

#[test]
fn links_and_paths_lead_somewhere() {
    let mut problems = Problems::default();
    for page in page::book() {
        links::check(&page, &mut problems);
    }
    problems.none();
}

#[test]
fn pages_that_the_code_cites_are_there() {
    let mut problems = Problems::default();
    citations::check(&page::book(), &mut problems);
    problems.none();
}
