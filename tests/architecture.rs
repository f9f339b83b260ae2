//! The architecture, kept by a test: which crate may reach what, and what no source file may hold.
//!
//! `rules.rs` is the table that people change; `walls.rs` and `sources.rs` judge, and prove on bad input that they can
//! fail; `workspace.rs` asks Cargo and reads the files. Nothing here starts a server or needs the network.

mod architecture {
    mod attributes;
    mod rules;
    mod sources;
    mod walls;
    mod workspace;
}
