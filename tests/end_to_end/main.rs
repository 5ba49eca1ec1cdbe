//! The main job through the real binary: from the picture of a poster to a warning, and what nobody may learn on the way.

#![allow(clippy::unwrap_used, reason = "a test fails where what it expects is not there")]

mod backup;
mod bad_input;
mod cases;
mod certificates;
mod command_line;
mod edges;
mod household;
mod killed_devices;
mod lan;
mod languages;
mod lying_relay;
mod membership;
mod new_zealand;
mod operator;
mod several_processes;
mod status_pass;
mod story;
mod town;
mod town_imports;
mod town_relay;
mod vaccine;
