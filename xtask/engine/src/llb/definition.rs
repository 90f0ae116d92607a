//! An LLB definition under construction: operations, each once, and what people call them.

use std::collections::HashMap;

use bollard_buildkit_proto::pb;
use prost::Message;
use sha2::{Digest, Sha256};

use crate::event::StepKind;
use crate::hex;

/// One output of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct OpRef {
    pub(crate) digest: String,
    pub(crate) index: i64,
}

/// An operation as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// The operation's digest, which is also the name of its vertex in BuildKit's status.
    pub(crate) digest: String,
    /// What it does.
    pub(crate) name: String,
    pub(crate) kind: StepKind,
    /// Not worth a line of its own.
    pub(crate) hidden: bool,
    /// The digests of the operations it rests on.
    pub(crate) inputs: Vec<String>,
    /// For an upload: the key of the view.
    pub(crate) view: Option<String>,
}

/// Operations in an order in which inputs come first.
#[derive(Debug, Default)]
pub(crate) struct Definition {
    operations: Vec<Vec<u8>>,
    metadata: HashMap<String, pb::OpMetadata>,
    steps: Vec<Step>,
}

impl Definition {
    /// Adds an operation, once however often it is added. `ignore_cache` makes BuildKit run it,
    /// and all that follows from it, whatever its cache holds.
    pub(crate) fn add(
        &mut self,
        operation: &pb::Op,
        name: String,
        kind: StepKind,
        options: Options,
    ) -> OpRef {
        let bytes = operation.encode_to_vec();
        let digest = format!("sha256:{}", hex(&Sha256::digest(&bytes)));
        if !self.metadata.contains_key(&digest) {
            self.operations.push(bytes);
            let mut metadata = pb::OpMetadata { ignore_cache: options.ignore_cache, ..Default::default() };
            // The key that BuildKit's own frontends use: client/llb/state.go, WithCustomName.
            metadata.description.insert("llb.customname".into(), name.clone());
            self.metadata.insert(digest.clone(), metadata);
            let inputs = operation.inputs.iter().map(|input| input.digest.clone()).collect();
            let step = Step {
                digest: digest.clone(),
                name,
                kind,
                hidden: options.hidden,
                inputs,
                view: options.view,
            };
            self.steps.push(step);
        }
        OpRef { digest, index: 0 }
    }

    /// The definition whose result is `target`: the last operation has it as its one input.
    pub(crate) fn finish(self, target: &OpRef) -> (pb::Definition, Vec<Step>) {
        let mut def = self.operations;
        def.push(pb::Op { inputs: vec![input(target)], ..Default::default() }.encode_to_vec());
        let metadata = self.metadata.into_iter().collect();
        (pb::Definition { def, metadata, source: None }, self.steps)
    }
}

/// How an operation is added.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) ignore_cache: bool,
    pub(crate) hidden: bool,
    pub(crate) view: Option<String>,
}

pub(crate) fn input(of: &OpRef) -> pb::Input {
    pb::Input { digest: of.digest.clone(), index: of.index }
}
