//! The log on PostgreSQL keeps the promises of the port.

use keyledger_event_log::contract_suite;

contract_suite!(crate::new_log);
