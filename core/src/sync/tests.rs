mod devices;
mod direct;
mod faults;
mod forgetting;
mod membership;
mod merging;
mod recovering;
mod schedule;
