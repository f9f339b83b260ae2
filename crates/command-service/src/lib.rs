//! Load, decide, append: the only place where keys change, and its management API.
