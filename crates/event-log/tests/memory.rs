//! The in-memory log keeps the promises of the port.

use std::sync::Arc;

use keyledger_event_log::{MemoryLog, contract_suite};

contract_suite!(|identity| async move { Arc::new(MemoryLog::new(identity)) });
