//! `lint`: what patches and sets are held to.

pub mod report;
