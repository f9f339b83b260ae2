//! What is generated from the vendor's definitions. The modules lie as the packages do, which name each other by that.
#![allow(missing_docs, dead_code, unreachable_pub, clippy::all, reason = "generated")]

pub(crate) mod google {
    pub(crate) mod rpc {
        tonic::include_proto!("google.rpc");
    }
}

pub(crate) mod event_store {
    pub(crate) mod client {
        tonic::include_proto!("event_store.client");

        pub(crate) mod streams {
            tonic::include_proto!("event_store.client.streams");
        }

        pub(crate) mod gossip {
            tonic::include_proto!("event_store.client.gossip");
        }

        pub(crate) mod server_features {
            tonic::include_proto!("event_store.client.server_features");
        }
    }
}

pub(crate) use event_store::client as shared;
pub(crate) use event_store::client::{
    Empty, StreamIdentifier, Uuid as WireUuid, gossip, server_features, streams, uuid,
};
pub(crate) use google::rpc;

/// An id from how a client wrote it.
pub(crate) fn read_id(id: Option<WireUuid>) -> Option<::uuid::Uuid> {
    match id?.value? {
        uuid::Value::String(text) => text.parse().ok(),
        uuid::Value::Structured(halves) => {
            let (most, least) = (halves.most_significant_bits as u64, halves.least_significant_bits as u64);
            Some(::uuid::Uuid::from_u64_pair(most, least))
        }
    }
}

/// An id as both clients want to read it.
pub(crate) fn written_id(id: ::uuid::Uuid) -> WireUuid {
    WireUuid { value: Some(uuid::Value::String(id.to_string())) }
}

/// The name of a stream from how a client wrote it.
pub(crate) fn stream_name(stream: Option<StreamIdentifier>) -> Result<String, tonic::Status> {
    let name = stream.map(|stream| stream.stream_name).unwrap_or_default();
    String::from_utf8(name).map_err(|_| tonic::Status::invalid_argument("a stream's name is UTF-8"))
}
