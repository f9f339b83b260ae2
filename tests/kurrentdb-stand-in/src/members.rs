//! Who is in the cluster, and what a node can do: what clients ask before anything else.

use tonic::{Request, Response, Status};

use crate::{
    protocol::{Empty, gossip, server_features, written_id},
    server::Node,
};

#[tonic::async_trait]
impl gossip::gossip_server::Gossip for Node {
    async fn read(&self, _: Request<Empty>) -> Result<Response<gossip::ClusterInfo>, Status> {
        use gossip::member_info::VNodeState;
        let cluster = self.cluster();
        let members = cluster.ports.iter().enumerate().map(|(number, port)| gossip::MemberInfo {
            instance_id: Some(written_id(uuid::Uuid::from_u128(number as u128 + 1))),
            time_stamp: 0,
            state: if number == cluster.leader() { VNodeState::Leader } else { VNodeState::Follower }.into(),
            is_alive: !cluster.is_down(number),
            http_end_point: Some(gossip::EndPoint {
                address: "127.0.0.1".to_owned(),
                port: u32::from(*port),
            }),
        });
        Ok(Response::new(gossip::ClusterInfo { members: members.collect() }))
    }
}

#[tonic::async_trait]
impl server_features::server_features_server::ServerFeatures for Node {
    async fn get_supported_methods(
        &self,
        _: Request<Empty>,
    ) -> Result<Response<server_features::SupportedMethods>, Status> {
        let method = |name: &str| server_features::SupportedMethod {
            method_name: name.to_owned(),
            service_name: "event_store.client.streams.streams".to_owned(),
            features: Vec::new(),
        };
        Ok(Response::new(server_features::SupportedMethods {
            methods: ["append", "batchappend", "read"].map(method).into(),
            event_store_server_version: "25.0.1".to_owned(),
        }))
    }
}
