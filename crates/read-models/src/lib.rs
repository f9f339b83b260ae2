//! The SQL read models: each partner's keys, for lists.
