// tfjs-node must register its kernels with the copy of TensorFlow.js that a2gnn computes with, not with one of its own
// (which would be 270 MB more, too). src/backend.ts puts that copy here before it loads tfjs-node.
const shared = globalThis[Symbol.for("a2gnn.tfjs")];
if (shared === undefined) throw new Error("this copy of tfjs-node is loaded by a2gnn's useBackend() only");
module.exports = shared;
